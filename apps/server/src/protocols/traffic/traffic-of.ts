import { RequestError } from '../../model/request-error.ts';
import { storeOf, type Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import type { Traffic, TrafficKeeper } from '../../traffic/traffic-keeper.ts';

/**
 * The traffic of an environment, with its store.
 * @throws {RequestError} `unknown_environment`
 */
export function trafficOf(
  environments: Environments,
  keeper: TrafficKeeper,
  environment: string,
): Traffic & { readonly store: FlagStore } {
  const store = storeOf(environments, environment);
  const traffic = keeper.of(store);
  if (traffic !== undefined) return { ...traffic, store };
  throw new RequestError('unknown_environment', `the environment "${environment}" has been removed`);
}
