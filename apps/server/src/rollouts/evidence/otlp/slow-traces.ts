import { cutText } from '../../../signals/cut-text.ts';
import type { SpansReceived } from '../../../signals/intake.ts';
import type { SpanRecord } from '../../../signals/span-record.ts';
import { controlOf } from '../counting/count-look.ts';
import type { LookDetails, SlowTrace } from '../look-source.ts';
import { slowestFirst } from '../merge-received.ts';

/** So many minutes are kept, the newest. */
const keptMinutes = 15;

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
