import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';

/** A request of any port: HTTP/1.1, or HTTP/2 on the gRPC port. */
export type AnyRequest = IncomingMessage | Http2ServerRequest;

/** The sender of a request. */
export interface Principal {
  /** The author of the changes that the sender makes. */
  readonly name: string;
}

/**
 * Establishes who sends a request.
 * @throws {RequestError} `unauthenticated` or `forbidden`.
 */
export type Authenticate = (request: AnyRequest) => Principal;

/** The sender of every request, as long as the server knows no tokens. */
export const anonymous: Principal = { name: 'anonymous' };

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
