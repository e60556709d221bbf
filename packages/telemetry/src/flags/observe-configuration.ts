import { reportConfiguration, type ConfigurationReporter } from '../readings/configuration.ts';

/** The part of OpenFeature's provider events that is read. */
interface ProviderEvent {
  readonly providerName?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** The part of OpenFeature's API that is used. */
export interface OpenFeatureEvents {
  addHandler(event: never, handler: (details?: ProviderEvent) => void): void;
}

/**
 * Reports the rules of OpenFeature's providers as configuration: each change counts in
 * `config_reload_total`, and a provider that is STALE ages. The revision is the one in the event's
 * metadata, if the provider reports one.
 */
export function observeConfiguration(openFeature: OpenFeatureEvents): void {
  const reporters = new Map<string, ConfigurationReporter>();
  const on = (event: string, act: (reporter: ConfigurationReporter, revision?: string) => void): void => {
    openFeature.addHandler(event as never, ({ providerName = 'default', metadata = {} } = {}) => {
      const reporter = reporters.get(providerName) ?? reportConfiguration(providerName);
      reporters.set(providerName, reporter);
      const { revision } = metadata;
      act(reporter, typeof revision === 'string' ? revision : undefined);
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
