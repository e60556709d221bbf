import type { Family } from './registry.ts';
import type { Exemplar, HistogramSeries, Labels } from './series.ts';

/** The formats that Prometheus reads. Only OpenMetrics has exemplars. */
export type ExpositionFormat = 'prometheus' | 'openmetrics';

export const contentTypes: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** Writes families in one of the formats, without the `# EOF` that ends an OpenMetrics document. */
export function exposition(families: readonly Family[], format: ExpositionFormat): string {
  return families
    .filter(({ series }) => series.size > 0)
    .map((family) => `${head(family, format)}${body(family, format)}`)
    .join('');
}

/** OpenMetrics names the family of a counter without `_total`, its samples with it. */
function head({ name, help, type }: Family, format: ExpositionFormat): string {
  const family = format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name;
  return `# HELP ${family} ${escape(help)}\n# TYPE ${family} ${type}\n`;
}

function body(family: Family, format: ExpositionFormat): string {
  if (family.type === 'histogram') {
    return [...family.series.values()]
      .map((series) => histogram(family.name, family.bounds, series, format))
      .join('');
  }
  return [...family.series.values()]
    .map(({ labels, value }) => `${family.name}${labelText(labels)} ${number(value)}\n`)
    .join('');
}

function histogram(
  name: string,
  bounds: readonly number[],
  { labels, counts, sum, exemplars }: HistogramSeries,
  format: ExpositionFormat,
): string {
  let total = 0;
  let text = '';
  counts.forEach((count, bucket) => {
    total += count;
    const le = labelText({ ...labels, le: number(bounds[bucket] ?? Infinity) });
    const exemplar = format === 'openmetrics' ? exemplarText(exemplars[bucket]) : '';
    text += `${name}_bucket${le} ${total}${exemplar}\n`;
  });
  const own = labelText(labels);
  return `${text}${name}_sum${own} ${number(sum)}\n${name}_count${own} ${total}\n`;
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return '';
  const { traceId, spanId, value, timestamp } = exemplar;
  return ` # ${labelText({ trace_id: traceId, span_id: spanId })} ${number(value)} ${timestamp.toFixed(3)}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function number(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeValue(text: string): string {
  return escape(text).replaceAll('"', '\\"');
}
