import type { Look } from '@graylane/rollout';
import type { EvidenceSource, Sli } from '../definition/sli.ts';

/**
 * Where the looks of rollouts come from. Its implementations read OTLP that was posted to this
 * server, or a Prometheus server.
 */
export interface LookSource {
  /**
   * Counts the requests of both arms in a window of time. Missing, late or faulty data is not an
   * error: it becomes a reason to hold. Rejects only if `signal` is aborted.
   */
  look(question: LookQuestion, signal: AbortSignal): Promise<LookResponse>;
  /**
   * Details for the report of an action: slow traces, signals of the runtime, the same hour of the
   * last seven days. Each is left out where it is not known.
   */
  details(question: LookQuestion, signal: AbortSignal): Promise<LookDetails>;
  /**
   * The past hours of an environment, as JSON, so that they outlive a restart; undefined if none
   * has ended since the last call.
   */
  newHours?(environment: string): unknown;
  /** Takes over the hours that were stored. */
  restoreHours?(environment: string, stored: unknown): void;
}

/** The arms, SLIs and window of a look. */
export interface LookQuestion {
  readonly environment: string;
  readonly source: EvidenceSource;
  /** The gray arm; the control arm is the lane `<lane>-control`. */
  readonly lane: string;
  readonly slis: readonly Sli[];
  /** The attribute of the units, if they are users or tenants. */
  readonly unitKey?: string;
  /** How the units are drawn; undefined where an arm has none. */
  readonly draw?: Draw;
  /**
   * The window (from, to] in ms since 1970. `from` is the end of the last look that was counted, so
   * that each request is counted once, restarts of the server included.
   */
  readonly from: number;
  readonly to: number;
}

/** How units are assigned to the arms. */
export interface Draw {
  /** Gray's share of the units in both arms. */
  readonly expected: number;
  /** When the weights were set, in ms since 1970. */
  readonly since: number;
}

/** A look, or the reasons why there is none. */
export type LookResponse = (Counted | Held) & {
  /** The age of the newest data in ms, by its own time stamps; absent if there is no data. */
  readonly ageMs?: number;
};

interface Counted {
  /**
   * The counts of the window. `at` is the end of the time that they cover, after `from` and at most
   * `to`: the next look begins there. An SLI without data is left out, and a reason is in `holds`.
   */
  readonly look: CountedLook;
  /** Reasons why single SLIs have no data in this look, as sentences. */
  readonly holds: readonly string[];
  /** The counts by service, route and instance, for the report. */
  readonly parts: readonly Part[];
}

interface Held {
  readonly look?: undefined;
  /** At least one reason, as a sentence that names the input and the remedy. */
  readonly holds: readonly [string, ...string[]];
}

/** The members of a look that come from signals; the controller knows the others. */
export type CountedLook = Omit<Look, 'sameCode' | 'members'>;

/** Units that were assigned to the arms in a look. */
export type Assigned = NonNullable<CountedLook['assigned']>;

/** The requests of one service, route or instance in both arms, in one look. */
export interface Part {
  readonly sli: string;
  readonly service: string;
  readonly route?: string;
  readonly instance?: string;
  readonly gray: PartCounts;
  readonly control: PartCounts;
}

/** Requests, how many of them failed, and how long all of them took together. */
export interface PartCounts {
  readonly requests: number;
  readonly bad: number;
  readonly seconds: number;
}

/** The details of a report that a server has received by OTLP. */
export interface Received {
  /** The slowest traces of each arm, the slowest first. */
  readonly traces: { readonly gray: readonly SlowTrace[]; readonly control: readonly SlowTrace[] };
  /** Signals of the runtime around the moment, by instance: e.g. the delay of the event loop. */
  readonly runtime: readonly RuntimeSignal[];
}

/** The details of a report that come from signals. */
export interface LookDetails extends Partial<Received> {
  /** The same hour of the last seven days, by SLI: context, never a reason to act. */
  readonly lastDays?: readonly PastHour[];
  /** Why some of them are missing, as sentences that name the remedy. */
  readonly missing?: readonly string[];
}

/** A trace by its slowest request. */
export interface SlowTrace extends Hop {
  readonly traceId: string;
  /** Other slow requests of the trace, the slowest first: mostly those that it waited for. */
  readonly hops?: readonly Hop[];
  /** The start of its earliest slow request, in ms since 1970. */
  readonly at: number;
}

/** A request that a service handled. */
export interface Hop {
  readonly service: string;
  readonly name: string;
  readonly seconds: number;
  readonly failed: boolean;
}

/** A value of the runtime of one instance. */
export interface RuntimeSignal {
  readonly service: string;
  readonly instance: string;
  readonly lane?: string;
  /** E.g. `nodejs.eventloop.delay.p99`. */
  readonly name: string;
  readonly unit: string;
  readonly value: number;
}

/** One SLI at the same hour of an earlier day, in both arms and in baseline together. */
export interface PastHour {
  readonly sli: string;
  /** ms since 1970. */
  readonly at: number;
  readonly requests: number;
  readonly badRatio?: number;
  /** In seconds. */
  readonly p95?: number;
}
