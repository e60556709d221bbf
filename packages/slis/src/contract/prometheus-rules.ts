import type { Indicator } from '../source/findings.ts';
import { errorRatio, selectorsOf, type MetricNames } from './queries.ts';

const windows = ['5m', '30m', '1h', '6h'] as const;

/**
 * Burn rates of the Google SRE Workbook, chapter 5: 2 % of the budget of 28 days in an hour, or 5 %
 * in six hours.
 */
const alerts = [
  { severity: 'page', factor: 14.4, long: '1h', short: '5m' },
  { severity: 'ticket', factor: 6, long: '6h', short: '30m' },
] as const;

/**
 * Recording rules of each indicator's error ratio by lane, and alerts on the rate at which a lane
 * burns its error budget.
 */
export function prometheusRules(
  service: string,
  indicators: readonly Indicator[],
  names: MetricNames = {},
): object {
  return {
    groups: indicators.map((indicator) => ({
      name: `${service}-${indicator.name}`,
      rules: [...recordings(service, indicator, names), ...burnAlerts(service, indicator)],
    })),
  };
}

function recordings(service: string, indicator: Indicator, names: MetricNames): object[] {
  const selectors = selectorsOf(indicator, names);
  return windows.map((window) => ({
    record: `graylane:sli_error:ratio_rate${window}`,
    expr: errorRatio(selectors, window),
    labels: { service, sli: indicator.name },
  }));
}

function burnAlerts(service: string, { name, objective, at }: Indicator): object[] {
  const selector = `{service=${JSON.stringify(service)},sli=${JSON.stringify(name)}}`;
  return alerts.map(({ severity, factor, long, short }) => {
    const limit = Number((factor * (1 - objective)).toPrecision(6));
    const burns = (window: string): string => `graylane:sli_error:ratio_rate${window}${selector} > ${limit}`;
    return {
      alert: 'GraylaneErrorBudgetBurn',
      expr: `${burns(long)} and ${burns(short)}`,
      labels: { severity, service, sli: name },
      annotations: {
        summary: `${service} burns the error budget of ${name} ${factor} times too fast in lane {{ $labels.lane }}`,
        source: `${at.file}:${at.line}`,
      },
    };
  });
}
