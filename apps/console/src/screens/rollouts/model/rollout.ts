import { api, environmentPath, type Schema } from '../../../api/request.ts';

/** A rollout in a list. */
export type RolloutSummary = Schema<'RolloutSummary'>;

/** The evidence of one SLI, as the guard reports it. */
export interface SliVerdict {
  readonly fast: number;
  readonly robust: number;
  readonly reverse: number;
  /** The boundary in seconds at which the arms differ most; absent for errors. */
  readonly boundary?: number;
  readonly gray: Portion;
  readonly control: Portion;
  readonly ks?: readonly [number, number];
  readonly quantiles?: Readonly<
    Record<'p50' | 'p95' | 'p99', { readonly gray: Bucket; readonly control: Bucket }>
  >;
}

/** Bad requests of all. */
export interface Portion {
  readonly bad: number;
  readonly total: number;
}

/** The ends of a bucket in seconds; null is above the last boundary. */
export type Bucket = readonly [number, number | null];

/** The verdict of the guard; evidence in natural logarithms. */
export interface Verdict {
  readonly action: 'hold' | 'promote' | 'pause' | 'rollback';
  readonly would: 'hold' | 'promote' | 'pause' | 'rollback';
  readonly because: string;
  readonly sli?: string;
  readonly holds: readonly string[];
  readonly total: {
    readonly fast: number;
    readonly robust: number;
    readonly reverse: number;
    readonly threshold: number;
  };
  readonly slis: Readonly<Record<string, SliVerdict>>;
  readonly looks: number;
  readonly requests: { readonly gray: number; readonly control: number };
  readonly calibration?: {
    readonly looks: number;
    readonly validUntil: number;
    readonly drifts: boolean;
    readonly blindBelow: Readonly<Record<string, number>>;
  };
  readonly units?: { readonly gray: number; readonly control: number };
  readonly sampleRatio: { readonly evidence: number; readonly threshold: number };
}

/** The requests of both arms of one SLI so far. */
export type Distribution =
  | { readonly kind: 'errors'; readonly gray: Portion; readonly control: Portion }
  | {
      readonly kind: 'latency';
      readonly bounds: readonly number[];
      readonly gray: readonly number[];
      readonly control: readonly number[];
    };

type Definition = Readonly<{
  steps: readonly { readonly weight: number; readonly minSeconds?: number; readonly minRequests?: number }[];
  guard: {
    readonly alpha?: number;
    readonly lookSeconds: number;
    readonly mode: string;
    readonly source: unknown;
  };
}>;

/** A rollout with its verdict, evidence and acts. */
export type Rollout = Omit<Schema<'Rollout'>, 'verdict' | 'definition'> & {
  readonly verdict?: Verdict;
  readonly definition: Definition;
};

/** The report of a rollout. */
export type Report = Omit<Schema<'RolloutReport'>, 'rollout' | 'distributions'> & {
  readonly rollout: Rollout;
  readonly distributions: Readonly<Record<string, Distribution>>;
};

/** An act that made a revision. */
export type Act = Report['acts'][number];

/** The acts by hand. */
export type ActByHand = 'pause' | 'resume' | 'promote' | 'rollback' | 'finish';

/** Reads the rollouts of an environment, the newest first. */
export async function readRollouts(environment: string): Promise<readonly RolloutSummary[]> {
  const { body } = await api<Schema<'Rollouts'>>('GET', environmentPath(environment, 'rollouts'));
  return body.rollouts;
}

/** Reads a rollout with its report. */
export async function readReport(environment: string, id: string): Promise<Report> {
  return (await api<Report>('GET', environmentPath(environment, 'rollouts', id, 'report'))).body;
}

/** Pauses, promotes or takes back a rollout. */
export async function act(environment: string, id: string, kind: ActByHand, reason: string): Promise<void> {
  await api('POST', environmentPath(environment, 'rollouts', id, kind), { reason });
}
