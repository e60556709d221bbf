import type { Indicator } from '../source/findings.ts';
import { objectName } from './object-name.ts';
import { selectorsOf, type MetricNames } from './queries.ts';

/**
 * The contract as objects of OpenSLO v1: one Service, and one SLO for each indicator, by lane, with
 * its place in the source.
 */
export function openSlo(
  service: string,
  indicators: readonly Indicator[],
  names: MetricNames = {},
): object[] {
  return [
    {
      apiVersion: 'openslo/v1',
      kind: 'Service',
      metadata: { name: objectName(service) },
      spec: { description: `Service ${service}` },
    },
    ...indicators.map((indicator) => slo(service, indicator, names)),
  ];
}

function slo(service: string, indicator: Indicator, names: MetricNames): object {
  const { name, description = `${name} of ${service}`, objective, at, routes } = indicator;
  const { total, part } = selectorsOf(indicator, names);
  const metric = (selector: string): object => ({
    metricSource: { type: 'Prometheus', spec: { query: `sum by (lane) (${selector})` } },
  });
  const [kind, selector] = Object.entries(part)[0] as [string, string];
  return {
    apiVersion: 'openslo/v1',
    kind: 'SLO',
    metadata: {
      name: objectName(`${service}-${name}`),
      annotations: {
        'graylane/source': `${at.file}:${at.line}`,
        ...(routes.length > 0 ? { 'graylane/routes': routes.join(', ') } : {}),
      },
    },
    spec: {
      description,
      service,
      indicator: {
        metadata: { name: objectName(`${service}-${name}`) },
        spec: { ratioMetric: { counter: true, [kind]: metric(selector), total: metric(total) } },
      },
      timeWindow: [{ duration: '28d', isRolling: true }],
      budgetingMethod: 'Occurrences',
      objectives: [{ displayName: name, target: objective }],
    },
  };
}
