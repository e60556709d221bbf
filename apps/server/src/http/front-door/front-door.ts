import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Descriptors } from '../port/descriptors.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Guard } from './guard.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { authenticate, type SessionReader } from './authenticate.ts';
import { setPrincipal, type AnyRequest } from './principal.ts';
import type { RateLimit } from './rate-limit.ts';

type AnyResponse = ServerResponse | Http2ServerResponse;

/** The checks of the front door. */
export interface FrontDoorOptions {
  readonly guard: Guard;
  readonly descriptors: Descriptors;
  /** Default: evaluations are not limited. */
  readonly rateLimit: RateLimit | undefined;
  readonly tokens: Tokens;
  /** Default: only tokens are accepted. */
  readonly sessions?: SessionReader | undefined;
}

/**
 * The one entrance of the HTTP and the gRPC port: each request of each protocol passes it before
 * it is routed. It checks the host and the origin, sheds load and authenticates.
 */
export class FrontDoor {
  readonly guard: Guard;
  readonly descriptors: Descriptors;
  /** Applied by the routes that evaluate: streams, health and the admin API are not limited. */
  readonly rateLimit: RateLimit | undefined;
  readonly tokens: Tokens;
  readonly #sessions: SessionReader | undefined;
  #onRefusal: RefusalListener | undefined;

  constructor({ guard, descriptors, rateLimit, tokens, sessions }: FrontDoorOptions) {
    this.guard = guard;
    this.descriptors = descriptors;
    this.rateLimit = rateLimit;
    this.tokens = tokens;
    this.#sessions = sessions;
  }

  /**
   * Admits a request.
   * @throws {RequestError} `wrong_host`, `forbidden` or `unauthenticated`.
   */
  admit(request: AnyRequest, response: AnyResponse): void {
    setSecurityHeaders(response);
    try {
      this.guard.admit(request);
      if (this.descriptors.scarce) closeAfter(request, response);
      setPrincipal(request, authenticate(this.tokens, request, this.#sessions));
    } catch (error) {
      if (error instanceof RequestError) this.#onRefusal?.(request, error);
      throw error;
    }
  }

  /** Calls back with each request that is not admitted, of any protocol. */
  onRefusal(listener: RefusalListener): void {
    this.#onRefusal = listener;
  }
}

type RefusalListener = (request: AnyRequest, refusal: RequestError) => void;

/**
 * Headers for browsers: responses are data, so a page may not run them as a script or a style,
 * frame them, or load anything from them. Files for pages replace the policy with their own.
 */
function setSecurityHeaders(response: AnyResponse): void {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  response.setHeader('referrer-policy', 'no-referrer');
}

/**
 * Frees the descriptor of a connection after this request. HTTP/2 has no such header; its
 * connections are bounded by their own share of the descriptors.
 */
function closeAfter(request: AnyRequest, response: AnyResponse): void {
  if (request.httpVersionMajor === 1) response.setHeader('connection', 'close');
}
