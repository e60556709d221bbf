import { stringify } from 'yaml';
import type { Findings, Indicator } from '../source/findings.ts';
import { dashboard } from './dashboard.ts';
import { openSlo } from './open-slo.ts';
import { prometheusRules } from './prometheus-rules.ts';
import type { MetricNames } from './queries.ts';
import { sloth } from './sloth.ts';

/** The formats that the contract is written in. */
export const formats = ['openslo', 'sloth', 'prometheus', 'grafana', 'routes'] as const;
/** The name of a format that the contract is written in. */
export type Format = (typeof formats)[number];

/** The file that each format is committed as. */
export const fileNames: Readonly<Record<Format, string>> = {
  openslo: 'openslo.yaml',
  sloth: 'sloth.yaml',
  prometheus: 'prometheus-rules.yaml',
  grafana: 'dashboard.json',
  routes: 'routes.json',
};

type Writer = (service: string, indicators: readonly Indicator[], names: MetricNames) => string;

const writers: Readonly<Record<Format, Writer>> = {
  openslo: (...contract) =>
    openSlo(...contract)
      .map((object) => `---\n${yaml(object)}`)
      .join(''),
  sloth: (...contract) => yaml(sloth(...contract)),
  prometheus: (...contract) => yaml(prometheusRules(...contract)),
  grafana: (service, indicators) => json(dashboard(service, indicators)),
  routes: (_service, indicators) => json(coveredRoutes(indicators)),
};

/**
 * The contract of a service as a file. The same findings give the same bytes, so that a diff shows
 * a change.
 */
export function write(
  format: Format,
  service: string,
  { indicators }: Findings,
  names: MetricNames = {},
): string {
  const sorted = indicators.toSorted((one, other) => one.name.localeCompare(other.name, 'en'));
  return writers[format](service, sorted, names);
}

/** The indicators of each route, for the running service: tags are only in the source. */
function coveredRoutes(indicators: readonly Indicator[]): Record<string, readonly string[]> {
  const covered: Record<string, string[]> = {};
  for (const { name, routes } of indicators) for (const route of routes) (covered[route] ??= []).push(name);
  return covered;
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function yaml(object: object): string {
  return stringify(object, { lineWidth: 0 });
}
