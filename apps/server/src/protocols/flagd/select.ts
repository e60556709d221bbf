import { Code, ConnectError } from '@connectrpc/connect';
import { defaultEnvironment, storeOf, type Environments } from '../../store/environments.ts';
import { StoreError, type FlagStore } from '../../store/flag-store.ts';

/** What a call says about the flags that it wants; the header `Flagd-Selector` beats the field of the request. */
export function selectorOf(header: Headers, field = ''): string {
  return header.get('flagd-selector') ?? field;
}

/**
 * The environment that a call means. The metadata `graylane-environment` names it; else the selector does: `environment=x`, flagd's
 * `source=x` or a bare `x` by its name, `flagSetId=x` by the id in its flags' metadata, or by its name. Without either, `default`.
 * @throws {ConnectError} INVALID_ARGUMENT where that is none, or not one.
 */
export function selectStore(environments: Environments, header: Headers, selector: string): FlagStore {
  const name = header.get('graylane-environment');
  if (name !== null) {
    const store = named(environments, name);
    if (selector !== '' && select(environments, [name], selector) !== store) {
      throw invalid(`the selector "${selector}" picks no flags of the environment "${name}"`);
    }
    return store;
  }
  return selector === ''
    ? named(environments, defaultEnvironment)
    : select(environments, environments.names, selector);
}

function select(environments: Environments, among: readonly string[], selector: string): FlagStore {
  const [, key = 'source', value = ''] = /^(?:([^=]*)=)?(.*)$/s.exec(selector) ?? [];
  if (key === 'environment' || key === 'source') return named(environments, value);
  if (key !== 'flagSetId') {
    throw invalid(`the selector "${selector}" asks for "${key}": use flagSetId=ID or environment=NAME`);
  }
  const withId = among.filter(
    (name) => environments.get(name)?.snapshot.flags.metadata['flagSetId'] === value,
  );
  const [first, second] = withId;
  if (first !== undefined && second !== undefined) {
    throw invalid(
      `the selector "${selector}" fits the environments ${withId.map((name) => `"${name}"`).join(', ')}: use environment=NAME`,
    );
  }
  return named(environments, first ?? value);
}

function named(environments: Environments, name: string): FlagStore {
  try {
    return storeOf(environments, name);
  } catch (error) {
    if (error instanceof StoreError) throw invalid(error.detail);
    throw error;
  }
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
