import type { Hop, Received, SlowTrace } from './look-source.ts';

/** The traces of an arm in a report, and the hops of a trace. */
const [shown, shownHops] = [10, 5];

/** The signals of two servers: a collector may have sent the same to both of them. */
export function mergeReceived(one: Received, other: Received): Received {
  const runtime = [...one.runtime, ...other.runtime].map((signal) => {
    const { service, instance, name, lane } = signal;
    return [JSON.stringify([service, instance, name, lane]), signal] as const;
  });
  return {
    traces: {
      gray: slowestFirst([...one.traces.gray, ...other.traces.gray]),
      control: slowestFirst([...one.traces.control, ...other.traces.control]),
    },
    runtime: [...new Map(runtime).values()],
  };
}

/** The slowest traces of an arm, each once, with its hops. */
export function slowestFirst(traces: readonly SlowTrace[]): readonly SlowTrace[] {
  const byId = new Map<string, SlowTrace>();
  for (const trace of traces) {
    const known = byId.get(trace.traceId);
    byId.set(trace.traceId, known === undefined ? trace : joined(known, trace));
  }
  return [...byId.values()].toSorted((a, b) => b.seconds - a.seconds).slice(0, shown);
}

/** One trace, by the slowest requests of both. */
function joined(one: SlowTrace, other: SlowTrace): SlowTrace {
  const all = [one, ...(one.hops ?? []), other, ...(other.hops ?? [])].map(
    ({ service, name, seconds, failed }): Hop => ({ service, name, seconds, failed }),
  );
  const distinct = [...new Map(all.map((hop) => [JSON.stringify(hop), hop])).values()];
  const [slowest, ...hops] = distinct.toSorted((a, b) => b.seconds - a.seconds).slice(0, shownHops);
  return { ...one, ...slowest, at: Math.min(one.at, other.at), ...(hops.length > 0 && { hops }) };
}
