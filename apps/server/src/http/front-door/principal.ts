import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { RequestError } from '../../model/request-error.ts';
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
