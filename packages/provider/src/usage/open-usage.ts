import { checkOptions, checkTypes, instanceId, openServerClient, serviceName } from '@graylane/source';
import { UsageReporter } from './usage-reporter.ts';

/** The sender of the usage report, and how often it is sent. */
export interface UsageOptions {
  /**
   * The name of this service. Default: `OTEL_SERVICE_NAME`, or `service.name` in
   * `OTEL_RESOURCE_ATTRIBUTES`, or the name of the package.
   */
  readonly service?: string;
  /** The time between two reports, in seconds, at least 1. Default: 60. */
  readonly periodSeconds?: number;
}

/**
 * Opens the report of a provider; undefined if it is switched off, or its source is not a flag
 * server.
 * @throws {TypeError} if an option is invalid or unknown.
 */
export function openUsage(
  source: unknown,
  usage: unknown,
  log: (message: string) => void,
): UsageReporter | undefined {
  if (usage === false) return undefined;
  if (typeof usage !== 'object' || usage === null) {
    throw new TypeError('GraylaneProvider: "usage" must be an object of options, or false for no report');
  }
  checkOptions('usage', usage, ['service', 'periodSeconds']);
  checkTypes('usage', usage, { service: 'string', periodSeconds: 'positive number' });
  const { service = serviceName(), periodSeconds = 60 } = usage as UsageOptions;
  const client = openServerClient(source);
  if (client === undefined) return undefined;
  const periodMs = Math.max(1, periodSeconds) * 1000;
  const reporter = { service, instance: instanceId };
  const onTrouble = (message: string): void => log(`${message}: usage is not reported`);
  return new UsageReporter({ client, reporter, periodMs, onTrouble });
}
