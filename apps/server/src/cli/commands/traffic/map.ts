import type { components } from '../../../protocols/admin/gen/admin-api.ts';
import { refusal, requestAdmin, type Target } from '../admin-client.ts';
import { tableText } from './table.ts';

/** The options of `graylane-server map [TRACE]`. */
export interface MapOptions extends Target {
  /** Print this trace, hop by hop. Default: the map of all traces. */
  readonly trace?: string | undefined;
  /** Print the response as JSON. */
  readonly json: boolean;
}

type TrafficMap = components['schemas']['Map'];
type Trace = components['schemas']['Trace'];

/** Prints the calls between services by lane, or one trace hop by hop. */
export async function mapCommand({ trace, json, ...target }: MapOptions): Promise<void> {
  const query = trace === undefined ? '' : `?trace=${encodeURIComponent(trace)}`;
  const response = await requestAdmin(target, `/map${query}`);
  if (response.status !== 200) throw refusal(response);
  if (json) {
    console.log(JSON.stringify(response.body, null, 2));
    return;
  }
  const map = response.body as TrafficMap;
  const [only] = map.traces;
  process.stdout.write(trace !== undefined && only !== undefined ? traceText(only) : mapText(map));
}

function mapText({ of, services, edges, traces }: TrafficMap): string {
  if (of === 0) return 'no traces: let services export spans to this server (OTEL_EXPORTER_OTLP_ENDPOINT)\n';
  const entries = services.filter((service) => service.entries > 0);
  const rows = [
    ...entries.map(({ service, entries: calls, errors, lanes }) => {
      return ['(outside)', service, '', String(calls), lanesText(lanes), errorText(errors)];
    }),
    ...edges.map((edge) => [
      edge.from,
      edge.isExternal ? `[${edge.to}]` : edge.to,
      edge.transport,
      String(edge.calls),
      lanesText(edge.lanes),
      [errorText(edge.errors), ...lapseTexts(edge)].filter((text) => text !== '').join(', '),
    ]),
  ];
  const newest = traces.map(({ traceId, seconds, hops }) => {
    const lanes = new Set(hops.map(({ lane }) => lane ?? 'unknown'));
    return [traceId, `${seconds.toFixed(3)} s`, [...lanes].join(' '), hops[0]?.name ?? ''];
  });
  return [
    `${of} traces`,
    tableText([['from', 'to', 'by', 'calls', 'lanes', ''], ...rows]),
    tableText([['trace', 'time', 'lanes', 'begins with'], ...newest]),
  ].join('\n\n');
}

function traceText({ traceId, startedAt, hops }: Trace): string {
  const rows = hops.map(({ service, kind, name, seconds, lane, dyed, pins, failed, lapse }) => [
    service,
    kind,
    name,
    `${seconds.toFixed(3)} s`,
    `${lane ?? 'unknown'}${dyed ? ' (dyed here)' : ''}`,
    pins.join(' '),
    [failed ? 'failed' : '', lapse ?? ''].filter((text) => text !== '').join(', '),
  ]);
  const head = ['service', 'kind', 'name', 'time', 'lane', 'pins', ''];
  return `${traceId} at ${startedAt ?? '?'}\n\n${tableText([head, ...rows])}`;
}

function lanesText(lanes: Readonly<Record<string, number>>): string {
  return Object.entries(lanes)
    .toSorted(([, a], [, b]) => b - a)
    .map(([lane, count]) => `${lane} ${count}`)
    .join(', ');
}

function errorText(errors: number): string {
  return errors === 0 ? '' : `${errors} failed`;
}

function lapseTexts(edge: TrafficMap['edges'][number]): string[] {
  return (['escaped', 'leaked', 'fallback'] as const)
    .filter((lapse) => edge[lapse] > 0)
    .map((lapse) => `${edge[lapse]} ${lapse}`);
}
