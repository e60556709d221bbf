import { defaultEnvironment } from '../../store/environments.ts';
import { principalOf, requireEnvironment, type AnyRequest } from './principal.ts';

/**
 * The environment of a request whose path has none: `named`, else the one in the header
 * `Graylane-Environment`, else the only one of the token, else `default`.
 * @throws {RequestError} `forbidden` if the token is for another environment.
 */
export function environmentOf(request: AnyRequest, named?: string): string {
  const header = request.headers['graylane-environment'];
  const principal = principalOf(request);
  const sent = named ?? (typeof header === 'string' && header !== '' ? header : undefined);
  const name = sent ?? principal.environment ?? defaultEnvironment;
  requireEnvironment(principal, name);
  return name;
}
