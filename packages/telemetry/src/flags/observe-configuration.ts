import { reportConfiguration, type ConfigurationReporter } from '../readings/configuration.ts';

/** The part of OpenFeature's provider events that is read. */
interface ProviderEvent {
  readonly providerName?: string;
  readonly domain?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** The part of OpenFeature's API that is used. */
export interface OpenFeatureEvents {
  addHandler(event: never, handler: (details?: ProviderEvent) => void): void;
  /** The provider's revision and environment. Absent: only those of its events are known. */
  getProviderMetadata?(domain?: string): object;
}

/**
 * Reports the rules of OpenFeature's providers as configuration: each change counts in
 * `config_reload_total`, and a provider that is STALE ages. Revision and environment are those in
 * the event's metadata, or in the provider's, if it has them.
 */
export function observeConfiguration(openFeature: OpenFeatureEvents): void {
  const reporters = new Map<string, ConfigurationReporter>();
  const on = (event: string, act: (reporter: ConfigurationReporter, revision?: string) => void): void => {
    openFeature.addHandler(event as never, ({ providerName = 'default', domain, metadata = {} } = {}) => {
      const described = { ...openFeature.getProviderMetadata?.(domain), ...metadata };
      const { revision, environment } = described as Readonly<Record<string, unknown>>;
      const known = typeof environment === 'string' ? environment : undefined;
      const key = `${providerName} ${known}`;
      const reporter = reporters.get(key) ?? reportConfiguration(providerName, { environment: known });
      reporters.set(key, reporter);
      act(reporter, typeof revision === 'string' && revision !== '' ? revision : undefined);
    });
  };
  on('PROVIDER_READY', (reporter, revision) => {
    reporter.upToDate(revision);
  });
  on('PROVIDER_CONFIGURATION_CHANGED', (reporter, revision) => {
    reporter.reloaded(revision);
  });
  on('PROVIDER_STALE', (reporter) => {
    reporter.stale();
  });
}
