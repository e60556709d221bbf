import type { Intake } from '../../../signals/intake.ts';
import { countLook } from '../counting/count-look.ts';
import type { LookDetails, LookQuestion, LookResponse, LookSource } from '../look-source.ts';
import { LaneSignals } from './lane-signals.ts';
import { RuntimeSignals } from './runtime-signals.ts';
import { SlowTraces } from './slow-traces.ts';
import { UnitWeights } from './unit-weights.ts';

/** The signals of a lane are kept for so long after the last look, in ms. */
const idleMs = 7_200_000;

/** Looks at the metrics and traces that services post to this server by OTLP. */
export class OtlpLooks implements LookSource {
  readonly #intake: Intake;
  readonly #watched = new Map<string, WatchedLane>();

  constructor(intake: Intake) {
    this.#intake = intake;
  }

  look(question: LookQuestion): Promise<LookResponse> {
    const watched = this.#watch(question);
    const window = watched.signals.window(question.from, question.to);
    const units = watched.units(question.unitKey)?.effective();
    return countLook(question, { ...window, units });
  }

  details(question: LookQuestion): Promise<LookDetails> {
    const { traces, runtime } = this.#watch(question);
    const services = new Set(question.slis.map(({ service }) => service));
    return Promise.resolve({ traces: traces.slowest(), runtime: runtime.of(services) });
  }

  close(): void {
    for (const watched of this.#watched.values()) watched.end();
    this.#watched.clear();
  }

  /** The first question about a lane begins to keep its signals. */
  #watch({ environment, lane }: LookQuestion): WatchedLane {
    const now = Date.now();
    for (const [key, watched] of this.#watched) {
      if (watched.usedAt > now - idleMs) continue;
      watched.end();
      this.#watched.delete(key);
    }
    const key = JSON.stringify([environment, lane]);
    const watched = this.#watched.get(key) ?? this.#begin(environment, lane, now);
    this.#watched.set(key, watched);
    watched.usedAt = now;
    return watched;
  }

  #begin(environment: string, lane: string, now: number): WatchedLane {
    const signals = new LaneSignals(lane, now);
    const traces = new SlowTraces(lane);
    const runtime = new RuntimeSignals();
    const units = new Map<string, UnitWeights>();
    const ends = [
      this.#intake.onMetrics(
        (received) => {
          signals.receive(received);
          runtime.receive(received);
        },
        { environment },
      ),
      this.#intake.onSpans(
        (received) => {
          traces.receive(received);
          for (const weights of units.values()) weights.receive(received);
        },
        { environment },
      ),
    ];
    return {
      signals,
      traces,
      runtime,
      units: (unitKey) => {
        if (unitKey === undefined) return undefined;
        const weights = units.get(unitKey) ?? new UnitWeights(lane, unitKey);
        units.set(unitKey, weights);
        return weights;
      },
      usedAt: now,
      end: () => ends.forEach((end) => end()),
    };
  }
}

interface WatchedLane {
  readonly signals: LaneSignals;
  readonly traces: SlowTraces;
  readonly runtime: RuntimeSignals;
  /** The weights of the units of a rollout; the first call begins to keep them. */
  readonly units: (unitKey: string | undefined) => UnitWeights | undefined;
  usedAt: number;
  readonly end: () => void;
}
