import type { Received, SlowTrace } from './look-source.ts';

/** The traces of an arm in a report. */
const shown = 10;

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

/** The slowest traces of an arm, each once. */
export function slowestFirst(traces: readonly SlowTrace[]): readonly SlowTrace[] {
  const seen = new Set<string>();
  const sorted = traces.toSorted((a, b) => b.seconds - a.seconds);
  const distinct = sorted.filter(({ traceId }) => !seen.has(traceId) && seen.add(traceId));
  return distinct.slice(0, shown);
}
