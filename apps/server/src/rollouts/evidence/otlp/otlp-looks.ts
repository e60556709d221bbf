import type { Intake } from '../../../signals/intake.ts';
import { countLook } from '../counting/count-look.ts';
import type { LookDetails, LookQuestion, LookResponse, LookSource, Received } from '../look-source.ts';
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

  constructor(intake: Intake) {
    this.#intake = intake;
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
    const { environment, source, slis, to } = question;
    return Promise.resolve({
      ...receivedOf(this.#watch(question), slis),
      ...(source === 'otlp' && { lastDays: this.#hoursOf(environment).lastDays(slis, to) }),
    });
  }

  /** The details that this server has received; another one may have the counts of the looks. */
  received({ environment, lane, slis }: Pick<LookQuestion, 'environment' | 'lane' | 'slis'>): Received {
    return receivedOf(this.#watch({ environment, lane }), slis);
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
  #watch({ environment, lane, source }: WatchedQuestion): WatchedLane {
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

function receivedOf({ spans, runtime }: WatchedLane, slis: LookQuestion['slis']): Received {
  const services = new Set(slis.map(({ service }) => service));
  return { traces: spans.slowest(), runtime: runtime.of(services) };
}

/** Without a source of counts, metrics are not counted. */
type WatchedQuestion = Pick<LookQuestion, 'environment' | 'lane'> & Partial<Pick<LookQuestion, 'source'>>;

interface WatchedLane {
  readonly signals: LaneSignals;
  readonly spans: LaneSpans;
  readonly runtime: RuntimeSignals;
  usedAt: number;
  readonly end: () => void;
}
