import type { Indicator } from '../source/findings.ts';

/** A Grafana dashboard: the error ratio of each indicator by lane, beside its budget. */
export function dashboard(service: string, indicators: readonly Indicator[]): object {
  return {
    title: `${service}: service level indicators by lane`,
    uid: `graylane-${service}`.slice(0, 40),
    schemaVersion: 39,
    tags: ['graylane', 'slo'],
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }],
    },
    panels: indicators.map((indicator, index) => panel(service, indicator, index)),
  };
}

function panel(service: string, { name, objective, description }: Indicator, index: number): object {
  return {
    id: index + 1,
    type: 'timeseries',
    title: name,
    ...(description === undefined ? {} : { description }),
    gridPos: { h: 8, w: 12, x: 12 * (index % 2), y: 8 * Math.floor(index / 2) },
    datasource: { type: 'prometheus', uid: '${datasource}' },
    fieldConfig: {
      defaults: {
        unit: 'percentunit',
        min: 0,
        thresholds: {
          mode: 'absolute',
          steps: [
            { color: 'green', value: null },
            { color: 'red', value: Number((1 - objective).toPrecision(6)) },
          ],
        },
        custom: { thresholdsStyle: { mode: 'line' } },
      },
    },
    targets: [
      {
        refId: 'A',
        expr: `graylane:sli_error:ratio_rate5m{service=${JSON.stringify(service)},sli=${JSON.stringify(name)}}`,
        legendFormat: '{{lane}}',
      },
    ],
  };
}
