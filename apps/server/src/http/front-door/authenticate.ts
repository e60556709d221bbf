import { RequestError } from '../../model/request-error.ts';
import { anonymous, type Principal } from '../../tokens/principal.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { requireEnvironment, requireScope, setPrincipal, type AnyRequest } from './principal.ts';
import { accessOf } from './route-scopes.ts';

/** The sessions of people, beside tokens. */
export interface SessionReader {
  /** The person who sends a request; undefined without a valid session. */
  find(request: AnyRequest): Principal | undefined;
}

/**
 * Establishes who sends a request, and that the sender may do what it asks for. The token is read
 * from headers alone: URLs appear in logs.
 * @throws {RequestError} `unauthenticated` or `forbidden`.
 */
export function authenticate(tokens: Tokens, request: AnyRequest, sessions?: SessionReader): Principal {
  if (!tokens.required) return anonymous;
  const access = accessOf(request.method ?? '', request.url ?? '');
  if (access === 'open') return anonymous;
  const principal = personOf(request, sessions) ?? tokens.find(tokenOf(request));
  // The audit names the sender of a refused request, too.
  setPrincipal(request, principal);
  requireScope(principal, access.scope);
  const { environment, everywhere } = access;
  if (everywhere || environment !== undefined) requireEnvironment(principal, environment);
  return principal;
}

/** A token takes precedence over a session: its sender has chosen it. */
function personOf(request: AnyRequest, sessions: SessionReader | undefined): Principal | undefined {
  const { authorization, 'x-api-key': apiKey } = request.headers;
  return authorization === undefined && apiKey === undefined ? sessions?.find(request) : undefined;
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
