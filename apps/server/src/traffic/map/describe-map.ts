import { isServed, type Hop } from './hop.ts';
import type { Lapse, Lapses } from './lapses.ts';
import { callsIn, type CallBetween, type Trace } from './traces.ts';

/** A service, with the calls that it served. */
export interface MapService {
  readonly service: string;
  /** Calls that no other service of the map made. */
  readonly entries: number;
  readonly requests: number;
  readonly errors: number;
  /** Calls by lane; `unknown` for those of a service that does not show it. */
  readonly lanes: Readonly<Record<string, number>>;
}

/** The calls of one service to another one by one transport. */
export interface MapEdge extends Lapses {
  readonly from: string;
  /** A service or, if it is external, the name of a server or topic. */
  readonly to: string;
  readonly isExternal: boolean;
  readonly transport: Hop['transport'];
  readonly calls: number;
  readonly errors: number;
  readonly lanes: Readonly<Record<string, number>>;
}

/** The services and the calls between them in some traces. */
export function describeMap(
  traces: readonly Trace[],
  now: number,
): { readonly services: readonly MapService[]; readonly edges: readonly MapEdge[] } {
  const services = new Map<string, Draft<MapService>>();
  const edges = new Map<string, Draft<MapEdge>>();
  for (const trace of traces) {
    const calls = callsIn(trace, now);
    const called = new Set(calls.map(({ callee }) => callee));
    for (const hop of trace.hops) if (isServed(hop)) addService(services, hop, !called.has(hop));
    for (const call of calls) addEdge(edges, call);
  }
  return { services: [...services.values()], edges: [...edges.values()] };
}

type Draft<T> = {
  -readonly [Key in keyof T]: T[Key] extends Readonly<Record<string, number>>
    ? Record<string, number>
    : T[Key];
};

function addService(services: Map<string, Draft<MapService>>, hop: Hop, isEntry: boolean): void {
  const { service } = hop;
  const known = services.get(service) ?? { service, entries: 0, requests: 0, errors: 0, lanes: {} };
  services.set(service, known);
  // The consumer of a message in the same service, for example, is not an entry.
  if (isEntry && hop.parentSpanId === undefined) known.entries += 1;
  known.requests += 1;
  if (hop.failed) known.errors += 1;
  addLane(known.lanes, hop);
}

function addEdge(edges: Map<string, Draft<MapEdge>>, { caller, callee, lapse }: CallBetween): void {
  const to = callee?.service ?? caller.peer ?? '';
  const { service: from, transport } =
    callee === undefined || callee.transport === 'other' ? caller : { ...callee, service: caller.service };
  const isExternal = callee === undefined;
  const key = JSON.stringify([from, to, transport, isExternal]);
  let edge = edges.get(key);
  if (edge === undefined) {
    const none: Lapses = { escaped: 0, leaked: 0, fallback: 0 };
    edge = { from, to, isExternal, transport, calls: 0, errors: 0, lanes: {}, ...none };
    edges.set(key, edge);
  }
  edge.calls += 1;
  if ((callee ?? caller).failed) edge.errors += 1;
  if (lapse !== undefined) edge[lapse] += 1;
  addLane(edge.lanes, callee ?? caller);
}

function addLane(lanes: Record<string, number>, { lane = 'unknown' }: Hop): void {
  lanes[lane] = (Object.hasOwn(lanes, lane) ? (lanes[lane] ?? 0) : 0) + 1;
}

/** Which traces to list: those with a call along an edge, with a lapse, or in a lane. */
export interface TraceFilter {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly lapse?: Lapse | undefined;
  readonly lane?: string | undefined;
}

/** Whether a trace is to be listed. */
export function matches(trace: Trace, { from, to, lapse, lane }: TraceFilter, now: number): boolean {
  if (lane !== undefined && !trace.hops.some((hop) => hop.lane === lane)) return false;
  if (from === undefined && to === undefined && lapse === undefined) return true;
  return callsIn(trace, now).some(
    (call) =>
      (from === undefined || call.caller.service === from) &&
      (to === undefined || (call.callee?.service ?? call.caller.peer) === to) &&
      (lapse === undefined || call.lapse === lapse),
  );
}

/** A trace, hop by hop: the spans between services, in the order of their start. */
export function describeTrace(trace: Trace, now: number): object {
  const lapses = new Map(callsIn(trace, now).map(({ callee, lapse }) => [callee, lapse]));
  const hops = trace.hops.filter(({ kind }) => kind !== 'internal').toSorted((a, b) => a.startMs - b.startMs);
  const [first] = hops;
  return {
    traceId: trace.traceId,
    startedAt: first === undefined ? null : new Date(first.startMs).toISOString(),
    seconds: first === undefined ? 0 : (Math.max(...hops.map(({ endMs }) => endMs)) - first.startMs) / 1000,
    hops: hops.map((hop) => ({
      spanId: hop.spanId,
      parentSpanId: hop.parentSpanId ?? null,
      service: hop.service,
      name: hop.name,
      kind: hop.kind,
      transport: hop.transport,
      lane: hop.lane ?? null,
      dyed: hop.isDyed,
      pins: hop.pins,
      seconds: Math.max(0, hop.endMs - hop.startMs) / 1000,
      failed: hop.failed,
      lapse: lapses.get(hop) ?? null,
    })),
  };
}
