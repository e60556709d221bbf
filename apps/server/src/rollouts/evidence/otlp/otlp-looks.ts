import type { Intake } from '../../../signals/intake.ts';
import { controlOf, countLook } from '../counting/count-look.ts';
import type { LookDetails, LookQuestion, LookResponse, LookSource } from '../look-source.ts';
import { LaneSignals } from './lane-signals.ts';
import { LaneSpans, type FromSpans } from './lane-spans.ts';
import { PastHours } from './past-hours.ts';
import { RuntimeSignals } from './runtime-signals.ts';

/** The signals of a lane are kept for so long after the last look, in ms. */
const idleMs = 7_200_000;

/** Looks at the metrics and traces that services post to this server by OTLP. */
export class OtlpLooks implements LookSource {
  readonly #intake: Intake;
  readonly #watched = new Map<string, WatchedLane>();
  readonly #hours = new Map<string, PastHours>();
  readonly #ends: ReadonlyArray<() => void>;

  readonly #hasReplicas: boolean;

  /** With replicas, each server receives the signals of some services or instances alone. */
  constructor(intake: Intake, { hasReplicas = false }: { readonly hasReplicas?: boolean } = {}) {
    this.#intake = intake;
    this.#hasReplicas = hasReplicas;
    this.#ends = [intake.onMetrics((received) => this.#hours.get(received.environment)?.receive(received))];
  }

  look(question: LookQuestion): Promise<LookResponse> {
    const { signals, spans } = this.#watch(question);
    const { environment, slis, from, to } = question;
    this.#hoursOf(environment).observe(slis, Date.now());
    return countLook(question, { ...signals.window(from, to), ...spans.take(question) });
  }

  /** The members of a look that come from spans, for looks whose counts come from elsewhere. */
  fromSpans(question: LookQuestion): FromSpans {
    return this.#watch(question).spans.take(question);
  }

  details(question: LookQuestion): Promise<LookDetails> {
    const { environment, source, slis, lane, to } = question;
    const { spans, runtime } = this.#watch(question);
    const services = new Set(slis.map(({ service }) => service));
    const traces = spans.slowest();
    const isEmpty = traces.gray.length + traces.control.length === 0;
    const missing = [
      ...(isEmpty ? [missingTraces(lane)] : []),
      ...(this.#hasReplicas ? [receivedHereAlone] : []),
    ];
    return Promise.resolve({
      traces,
      runtime: runtime.of(services),
      ...(source === 'otlp' && { lastDays: this.#hoursOf(environment).lastDays(slis, to) }),
      ...(missing.length > 0 && { missing }),
    });
  }

  newHours(environment: string): unknown {
    return this.#hours.get(environment)?.take(Date.now());
  }

  restoreHours(environment: string, stored: unknown): void {
    this.#hoursOf(environment).restore(stored as Parameters<PastHours['restore']>[0]);
  }

  close(): void {
    for (const watched of this.#watched.values()) watched.end();
    this.#watched.clear();
    for (const end of this.#ends) end();
  }

  #hoursOf(environment: string): PastHours {
    const hours = this.#hours.get(environment) ?? new PastHours();
    this.#hours.set(environment, hours);
    return hours;
  }

  /** The first question about a lane begins to keep its signals. */
  #watch({ environment, lane, source }: LookQuestion): WatchedLane {
    const now = Date.now();
    for (const [key, watched] of this.#watched) {
      if (watched.usedAt > now - idleMs) continue;
      watched.end();
      this.#watched.delete(key);
    }
    const counts = source === 'otlp';
    const key = JSON.stringify([environment, lane, counts]);
    const watched = this.#watched.get(key) ?? this.#begin(environment, lane, counts, now);
    this.#watched.set(key, watched);
    watched.usedAt = now;
    return watched;
  }

  #begin(environment: string, lane: string, counts: boolean, now: number): WatchedLane {
    const signals = new LaneSignals(lane, now);
    const spans = new LaneSpans(lane);
    const runtime = new RuntimeSignals();
    const ends = [
      this.#intake.onMetrics(
        (received) => {
          if (counts) signals.receive(received);
          runtime.receive(received);
        },
        { environment },
      ),
      this.#intake.onSpans((received) => spans.receive(received), { environment }),
    ];
    return { signals, spans, runtime, usedAt: now, end: () => ends.forEach((end) => end()) };
  }
}

function missingTraces(lane: string): string {
  return `no traces of the lanes ${lane} and ${controlOf(lane)} have arrived in the last 15 minutes: let the services export them to this server by OTLP (OTEL_TRACES_EXPORTER=otlp, OTEL_EXPORTER_OTLP_ENDPOINT)`;
}

interface WatchedLane {
  readonly signals: LaneSignals;
  readonly spans: LaneSpans;
  readonly runtime: RuntimeSignals;
  usedAt: number;
  readonly end: () => void;
}

const receivedHereAlone =
  'traces and signals of the runtime that only other servers of this database received: let a collector export to each server';
