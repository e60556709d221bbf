import { cutText } from '../../../signals/cut-text.ts';
import type { SpansReceived } from '../../../signals/intake.ts';
import type { SpanRecord } from '../../../signals/span-record.ts';
import { controlOf } from '../counting/count-look.ts';
import type { LookDetails, SlowTrace } from '../look-source.ts';

/** The traces of an arm in a report, and of each minute that is kept. */
const [shown, keptMinutes] = [10, 15];

/**
 * The slowest traces of a lane and its control in the last 15 minutes, each by its slowest request.
 */
export class SlowTraces {
  readonly #lane: string;
  readonly #control: string;
  /** By arm and minute of receipt, the slowest first. */
  readonly #minutes = new Map<string, readonly SlowTrace[]>();

  constructor(lane: string) {
    this.#lane = lane;
    this.#control = controlOf(lane);
  }

  receive({ spans, receivedAt }: SpansReceived): void {
    const minute = Math.floor(receivedAt / 60_000);
    for (const span of spans) {
      if (span.kind !== 'server' && span.kind !== 'consumer') continue;
      const lane = span.attributes.get('lane');
      if (lane === this.#lane || lane === this.#control) this.#add(`${minute} ${lane}`, traceOf(span));
    }
    for (const key of this.#minutes.keys()) {
      if (Number.parseInt(key, 10) <= minute - keptMinutes) this.#minutes.delete(key);
    }
  }

  slowest(): NonNullable<LookDetails['traces']> {
    return { gray: this.#slowestOf(this.#lane), control: this.#slowestOf(this.#control) };
  }

  #add(key: string, trace: SlowTrace): void {
    this.#minutes.set(key, slowestFirst([...(this.#minutes.get(key) ?? []), trace]));
  }

  #slowestOf(lane: string): readonly SlowTrace[] {
    const minutes = [...this.#minutes].filter(([key]) => key.endsWith(` ${lane}`));
    return slowestFirst(minutes.flatMap(([, traces]) => traces));
  }
}

function traceOf({ traceId, source, name, startMs, endMs, failed }: SpanRecord): SlowTrace {
  const seconds = Math.max(0, endMs - startMs) / 1000;
  return { traceId, service: source.service, name: cutText(name, 200), seconds, failed, at: startMs };
}

function slowestFirst(traces: readonly SlowTrace[]): readonly SlowTrace[] {
  const seen = new Set<string>();
  const sorted = traces.toSorted((a, b) => b.seconds - a.seconds);
  const distinct = sorted.filter(({ traceId }) => !seen.has(traceId) && seen.add(traceId));
  return distinct.slice(0, shown);
}
