import type { Indicator } from '../source/findings.ts';
import { objectName } from './object-name.ts';
import { selectorsOf, type MetricNames } from './queries.ts';

/**
 * The contract for Sloth (`prometheus/v1`). Sloth has no dimensions, so its SLOs are over all
 * lanes.
 */
export function sloth(service: string, indicators: readonly Indicator[], names: MetricNames = {}): object {
  return {
    version: 'prometheus/v1',
    service: objectName(service),
    slos: indicators.map((indicator) => {
      const { total, part } = selectorsOf(indicator, names);
      const rate = (selector: string): string => `sum(rate(${selector}[{{.window}}]))`;
      const errors =
        'bad' in part ? `(${rate(part.bad)} or vector(0))` : `${rate(total)} - ${rate(part.good)}`;
      return {
        name: objectName(indicator.name),
        objective: Number((indicator.objective * 100).toFixed(4)),
        ...(indicator.description === undefined ? {} : { description: indicator.description }),
        sli: { events: { error_query: errors, total_query: rate(total) } },
        alerting: {
          name: objectName(`${service}-${indicator.name}`),
          page_alert: { labels: { severity: 'page' } },
          ticket_alert: { labels: { severity: 'ticket' } },
        },
      };
    }),
  };
}
