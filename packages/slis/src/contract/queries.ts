import type { Indicator } from '../source/findings.ts';

/** How the metrics are named where the rules run. */
export interface MetricNames {
  /**
   * The HTTP server's histogram. OpenTelemetry's Prometheus exporter leaves the unit out. Default:
   * `http_server_request_duration_seconds`.
   */
  readonly http?: string;
  /** The histogram of procedures that are served. Default: `rpc_server_call_duration_seconds`. */
  readonly rpc?: string;
  /** The package of the `.proto` file, e.g. `shop`: the source does not have it. Default: none. */
  readonly rpcPackage?: string;
  /** The counter of `sli(…)`. Default: `sli_events_total`. */
  readonly events?: string;
  /** The histogram of `sli(…)`. Default: `sli_duration_seconds`. */
  readonly durations?: string;
}

/** PromQL selectors of the counters that an indicator is made of. */
export interface Selectors {
  readonly total: string;
  /** Events that were good, or that were bad. */
  readonly part: { readonly good: string } | { readonly bad: string };
}

/** The selectors of an indicator. */
export function selectorsOf(indicator: Indicator, names: MetricNames = {}): Selectors {
  const { measuredBy, kind, name, thresholdSeconds = 1 } = indicator;
  if (measuredBy === 'events' && kind === 'ratio') {
    const metric = names.events ?? 'sli_events_total';
    return {
      total: select(metric, { sli: name }),
      part: { bad: select(metric, { sli: name, outcome: 'failure' }) },
    };
  }
  const [metric, labels, failed] = histogramOf(indicator, names);
  const total = select(`${metric}_count`, labels);
  if (kind === 'ratio') return { total, part: { bad: `${metric}_count{${pairs(labels)},${failed}}` } };
  const le = String(boundaryFor(thresholdSeconds));
  return { total, part: { good: select(`${metric}_bucket`, { ...labels, le }) } };
}

/** The share of bad events by lane, in a window such as `5m`. */
export function errorRatio({ total, part }: Selectors, window: string): string {
  const rate = (selector: string): string => `sum by (lane) (rate(${selector}[${window}]))`;
  if ('good' in part) return `1 - ${rate(part.good)} / ${rate(total)}`;
  // A lane without a bad event has no such series, and a ratio of 0.
  return `(${rate(part.bad)} or 0 * ${rate(total)}) / ${rate(total)}`;
}

const smallest = 0.001;
const largest = 10;
const steps = 51;

/**
 * The boundary of duration histograms that is next above a threshold, since Prometheus can only
 * count up to one. The boundaries are those of `@graylane/telemetry`, 20 % apart.
 */
export function boundaryFor(seconds: number): number {
  const all = Array.from({ length: steps + 1 }, (_, step) =>
    Number((smallest * (largest / smallest) ** (step / steps)).toPrecision(4)),
  );
  return all.find((boundary) => boundary >= seconds) ?? largest;
}

type Labels = Readonly<Record<string, string>>;

function histogramOf(
  { measuredBy, name }: Indicator,
  names: MetricNames,
): readonly [metric: string, labels: Labels, failed: string] {
  if (measuredBy === 'events') return [names.durations ?? 'sli_duration_seconds', { sli: name }, ''];
  if ('rpc' in measuredBy) {
    return [
      names.rpc ?? 'rpc_server_call_duration_seconds',
      { rpc_method: procedureName(measuredBy.rpc, names) },
      'error_type!=""',
    ];
  }
  const [method = '', route = ''] = measuredBy.route.split(' ');
  const labels = method === '*' ? { http_route: route } : { http_request_method: method, http_route: route };
  return [names.http ?? 'http_server_request_duration_seconds', labels, 'http_response_status_code=~"5.."'];
}

/** `shop.Payments/Charge`, as metrics have it: the source has `Payments/charge`. */
function procedureName(name: string, { rpcPackage = '' }: MetricNames): string {
  const [service = '', method = ''] = name.split('/');
  const prefix = rpcPackage === '' ? '' : `${rpcPackage}.`;
  return `${prefix}${service}/${method.charAt(0).toUpperCase()}${method.slice(1)}`;
}

function select(metric: string, labels: Labels): string {
  return `${metric}{${pairs(labels)}}`;
}

function pairs(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',');
}
