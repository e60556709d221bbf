import type { SpansReceived } from '../../signals/intake.ts';
import { hopOf, isServed, type Hop } from './hop.ts';
import { laneOfLapse, lapseOf, type Lapse, type Lapses } from './lapses.ts';

/** The traces that are kept, the spans of one trace, and the spans of all of them. */
const [maxTraces, maxHops, maxHopsInAll] = [1000, 200, 50_000];

/** The lanes of which lapses are counted; those of further lanes count as `other`. */
const maxLanes = 200;

/** A trace that is still reported is not complete: a call may have no callee yet, in ms. */
const settleMs = 10_000;

/** The newest spans of one trace. */
export interface Trace {
  readonly traceId: string;
  readonly hops: readonly Hop[];
  /** When the newest of them came, in milliseconds since 1970. */
  readonly receivedAt: number;
}

/** A call between two services, or to a server that sends no spans. */
export interface CallBetween {
  readonly caller: Hop;
  /** Undefined for a server that sends no spans. */
  readonly callee: Hop | undefined;
  readonly lapse: Lapse | undefined;
}

/** The newest traces of one environment, from the spans that services send. */
export class Traces {
  /** The trace that got a span most recently is last. */
  readonly #traces = new Map<string, { readonly hops: Hop[]; receivedAt: number }>();
  #hops = 0;
  #lapses: ReadonlyMap<string, Lapses> | undefined;

  receive({ spans, receivedAt }: SpansReceived): void {
    for (const span of spans) {
      const trace = this.#traces.get(span.traceId) ?? { hops: [], receivedAt };
      if (trace.hops.length < maxHops) {
        trace.hops.push(hopOf(span));
        this.#hops += 1;
      }
      trace.receivedAt = receivedAt;
      this.#traces.delete(span.traceId);
      this.#traces.set(span.traceId, trace);
    }
    for (const [traceId, { hops }] of this.#traces) {
      if (this.#traces.size <= maxTraces && this.#hops <= maxHopsInAll) break;
      this.#traces.delete(traceId);
      this.#hops -= hops.length;
    }
    this.#lapses = undefined;
  }

  /** The newest trace first. */
  get newest(): readonly Trace[] {
    return Array.from(this.#traces, ([traceId, trace]) => ({ traceId, ...trace })).toReversed();
  }

  get(traceId: string): Trace | undefined {
    const trace = this.#traces.get(traceId);
    return trace && { traceId, ...trace };
  }

  /** The lapses of the traces that are kept, by lane. */
  get lapses(): ReadonlyMap<string, Lapses> {
    this.#lapses ??= countLapses(this.newest);
    return this.#lapses;
  }
}

/** The calls between services in a trace. */
export function callsIn({ hops, receivedAt }: Trace, now: number): readonly CallBetween[] {
  const byId = new Map(hops.map((hop) => [hop.spanId, hop]));
  const calls: CallBetween[] = [];
  const called = new Set<Hop>();
  for (const callee of hops) {
    const caller = isServed(callee) ? byId.get(callee.parentSpanId ?? '') : undefined;
    if (caller === undefined || caller.service === callee.service) continue;
    called.add(caller);
    calls.push({ caller, callee, lapse: lapseOf(caller, callee) });
  }
  if (now - receivedAt < settleMs) return calls;
  // Instrumentations of different layers record one call twice, the inner one as a child.
  const inner = new Set(hops.map(({ parentSpanId, kind }) => `${kind} ${parentSpanId}`));
  for (const caller of hops) {
    const isCall = caller.kind === 'client' || caller.kind === 'producer';
    const isOuter = inner.has(`${caller.kind} ${caller.spanId}`);
    if (isCall && !called.has(caller) && !isOuter && caller.peer !== undefined) {
      calls.push({ caller, callee: undefined, lapse: undefined });
    }
  }
  return calls;
}

function countLapses(traces: readonly Trace[]): ReadonlyMap<string, Lapses> {
  const lanes = new Map<string, Record<Lapse, number>>();
  for (const trace of traces) {
    for (const { caller, callee, lapse } of callsIn(trace, 0)) {
      if (lapse === undefined || callee === undefined) continue;
      const named = laneOfLapse(lapse, caller, callee);
      const lane = lanes.has(named) || lanes.size < maxLanes ? named : 'other';
      const counts = lanes.get(lane) ?? { escaped: 0, leaked: 0, fallback: 0 };
      counts[lapse] += 1;
      lanes.set(lane, counts);
    }
  }
  return lanes;
}
