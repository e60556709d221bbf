import { createContextKey, type ContextKey, type HandlerContext } from '@connectrpc/connect';
import { requireEnvironment } from '../../http/front-door/principal.ts';
import { RequestError } from '../../model/request-error.ts';
import { defaultEnvironment, storeOf, type Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import { anonymous, type Principal } from '../../tokens/principal.ts';

/** The sender of a call. */
export const principalKey: ContextKey<Principal> = createContextKey(anonymous, { description: 'the sender' });

/**
 * The selector of a call: the header `Flagd-Selector` takes precedence over the field of the
 * request.
 */
export function selectorOf(header: Headers, field = ''): string {
  return header.get('flagd-selector') ?? field;
}

/**
 * The environment of a call. The metadata `graylane-environment` names it; else the selector does:
 * `environment=x`, flagd's `source=x` or a bare `x` by its name, `flagSetId=x` by the id in its
 * flags' metadata, or by its name. Without either it is the only one of the token, else `default`.
 * @throws {RequestError} `invalid_request` for a malformed or ambiguous selector.
 * @throws {RequestError} `unknown_environment`, or `forbidden` if the token is for another one.
 */
export function selectStore(
  environments: Environments,
  { requestHeader: header, values }: Pick<HandlerContext, 'requestHeader' | 'values'>,
  selector: string,
): FlagStore {
  const principal = values.get(principalKey);
  const name = header.get('graylane-environment') ?? principal.environment;
  if (name !== undefined) {
    requireEnvironment(principal, name);
    const store = storeOf(environments, name);
    if (selector !== '' && select(environments, [name], selector) !== store) {
      throw invalid(`the selector ${JSON.stringify(selector)} selects no flags of the environment "${name}"`);
    }
    return store;
  }
  return selector === ''
    ? storeOf(environments, defaultEnvironment)
    : select(environments, environments.names, selector);
}

function select(environments: Environments, among: readonly string[], selector: string): FlagStore {
  const [, key = 'source', value = ''] = /^(?:([^=]*)=)?(.*)$/s.exec(selector) ?? [];
  if (key === 'environment') return storeOf(environments, value);
  if (key === 'source') return storeOf(environments, sourceName(environments, value));
  if (key !== 'flagSetId') {
    throw invalid(
      `the selector ${JSON.stringify(selector)} names ${JSON.stringify(key)}: use flagSetId=ID or environment=NAME`,
    );
  }
  const withId = among.filter(
    (name) => environments.get(name)?.snapshot.flags.metadata['flagSetId'] === value,
  );
  const [first, second] = withId;
  if (first !== undefined && second !== undefined) {
    const names = withId.map((name) => `"${name}"`).join(', ');
    throw invalid(
      `the selector ${JSON.stringify(selector)} matches several environments, ${names}: use environment=NAME`,
    );
  }
  return storeOf(environments, first ?? value);
}

/**
 * The environment of one of flagd's sources, which are paths and URLs (`rawflags/shop.json`): that
 * of the file's name without its extension. An environment can't have a slash in its name.
 */
function sourceName(environments: Environments, source: string): string {
  const file =
    source
      .split('/')
      .at(-1)
      ?.replace(/\.(?:json|ya?ml)$/i, '') ?? '';
  return source.includes('/') && environments.get(file) ? file : source;
}

function invalid(message: string): RequestError {
  return new RequestError('invalid_request', message);
}
