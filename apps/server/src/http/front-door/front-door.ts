import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Descriptors } from '../port/descriptors.ts';
import type { Guard } from './guard.ts';
import { closeWhenScarce } from './load-shedding.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { authenticate } from './authenticate.ts';
import { setPrincipal, type AnyRequest } from './principal.ts';
import type { RateLimit } from './rate-limit.ts';
import { setSecurityHeaders } from './security-headers.ts';

/** The checks of the front door. */
export interface FrontDoorOptions {
  readonly guard: Guard;
  readonly descriptors: Descriptors;
  readonly rateLimit: RateLimit;
  readonly tokens: Tokens;
}

/**
 * The one entrance of every port: each request of each protocol passes it before it is routed. It
 * checks the host and the origin, sheds load and authenticates.
 */
export class FrontDoor {
  readonly guard: Guard;
  readonly descriptors: Descriptors;
  /** Applied by the routes that evaluate: streams, health and the admin API are not limited. */
  readonly rateLimit: RateLimit;
  readonly tokens: Tokens;

  constructor({ guard, descriptors, rateLimit, tokens }: FrontDoorOptions) {
    this.guard = guard;
    this.descriptors = descriptors;
    this.rateLimit = rateLimit;
    this.tokens = tokens;
  }

  /**
   * Admits a request; `isReading` for one that any host name may read.
   * @throws {RequestError} `wrong_host`, `forbidden` or `unauthenticated`.
   */
  admit(request: AnyRequest, response: ServerResponse | Http2ServerResponse, isReading = false): void {
    setSecurityHeaders(response);
    this.guard.admit(request, isReading);
    closeWhenScarce(this.descriptors, request, response);
    setPrincipal(request, authenticate(this.tokens, request));
  }
}
