import { RequestError } from '../../model/request-error.ts';
import { anonymous, type Principal } from '../../tokens/principal.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { requireEnvironment, requireScope, type AnyRequest } from './principal.ts';
import { accessOf } from './route-scopes.ts';

/**
 * Establishes who sends a request, and that the sender may do what it asks for. The token is read
 * from headers alone: URLs appear in logs.
 * @throws {RequestError} `unauthenticated` or `forbidden`.
 */
export function authenticate(tokens: Tokens, request: AnyRequest): Principal {
  if (!tokens.required) return anonymous;
  const access = accessOf(request.method ?? '', request.url ?? '');
  if (access === 'open') return anonymous;
  const principal = tokens.find(tokenOf(request));
  requireScope(principal, access.scope);
  const { environment, everywhere } = access;
  if (everywhere || environment !== undefined) requireEnvironment(principal, environment);
  return principal;
}

/** `Authorization: Bearer` (RFC 6750, section 2.1), else OFREP's `X-API-Key`. */
function tokenOf({ headers }: AnyRequest): string {
  const { authorization } = headers;
  const apiKey = headers['x-api-key'];
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
  const token = bearer ?? (authorization === undefined ? apiKey : undefined);
  if (typeof token === 'string' && token !== '') return token;
  const remedy = 'send Authorization: Bearer gl_…, made by graylane-server token create NAME --scope SCOPE';
  throw new RequestError('unauthenticated', `this server requires a token: ${remedy}`, {
    challenge: 'Bearer realm="graylane"',
  });
}
