import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { RequestError } from '../../model/request-error.ts';
import { defaultEnvironment } from '../../store/environments.ts';
import { anonymous, type Principal } from '../../tokens/principal.ts';
import { includes, type Scope } from '../../tokens/scope.ts';

/** A request of any port: HTTP/1.1, or HTTP/2 on the gRPC port. */
export type AnyRequest = IncomingMessage | Http2ServerRequest;

/** Only senders with a name of their own, so that anonymous requests cost nothing. */
const principals = new WeakMap<AnyRequest, Principal>();

/** Keeps the sender with an admitted request. */
export function setPrincipal(request: AnyRequest, principal: Principal): void {
  if (principal !== anonymous) principals.set(request, principal);
}

/** The sender of an admitted request. */
export function principalOf(request: AnyRequest): Principal {
  return principals.get(request) ?? anonymous;
}

/** The sender of a request by token or session, refused ones included; undefined without one. */
export function knownPrincipalOf(request: AnyRequest): Principal | undefined {
  return principals.get(request);
}

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

/**
 * Refuses a sender whose token lacks a scope.
 * @throws {RequestError} `forbidden`
 */
export function requireScope({ name, scope }: Principal, required: Scope): void {
  if (includes(scope, required)) return;
  throw new RequestError(
    'forbidden',
    `the token "${name}" has the scope ${scope}, and this requires ${required}: use another token`,
    { challenge: `Bearer realm="graylane", error="insufficient_scope", scope="${required}"` },
  );
}

/**
 * Refuses a sender whose token is for another environment, or for one where it must be for all
 * (undefined).
 * @throws {RequestError} `forbidden`
 */
export function requireEnvironment({ name, environment }: Principal, required: string | undefined): void {
  if (environment === undefined || environment === required) return;
  throw new RequestError(
    'forbidden',
    `the token "${name}" is for the environment "${environment}" alone: use another token`,
  );
}
