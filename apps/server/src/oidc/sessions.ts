import type { AnyRequest } from '../http/front-door/principal.ts';
import { isObject } from '../is-object.ts';
import { RequestError } from '../model/request-error.ts';
import type { Principal } from '../tokens/principal.ts';
import { isScope } from '../tokens/scope.ts';
import { cookieOf, setCookie } from './cookies.ts';
import { Sealer } from './sealed-value.ts';

const cookieName = 'graylane-session';
const sessionSeconds = 8 * 3600;

/**
 * The sessions of people who signed in by OpenID Connect: a sealed cookie, and nothing kept here.
 */
export class Sessions {
  readonly #sealer: Sealer;

  constructor(secret: string) {
    this.#sealer = new Sealer(secret, 'session');
  }

  /**
   * The person who sends a request; undefined without a valid session.
   * @throws {RequestError} `forbidden` for a write that does not come from a page of this server.
   */
  find(request: AnyRequest): Principal | undefined {
    const principal = this.read(request);
    if (principal !== undefined) requireOwnOrigin(request);
    return principal;
  }

  /** The same for a request that changes nothing. */
  read({ headers }: AnyRequest): Principal | undefined {
    const sealed = cookieOf(headers, cookieName);
    const value = sealed === undefined ? undefined : this.#sealer.open(sealed);
    if (!isObject(value)) return undefined;
    const { name, scope, environment, until } = value;
    if (typeof name !== 'string' || typeof until !== 'number' || until <= Date.now()) return undefined;
    if (typeof scope !== 'string' || !isScope(scope)) return undefined;
    return { name, scope, until, ...(typeof environment === 'string' && { environment }) };
  }

  /** The cookie of a new session. */
  begin(principal: Principal, isSecure: boolean): string {
    const until = Date.now() + sessionSeconds * 1000;
    const sealed = this.#sealer.seal({ ...principal, until });
    return setCookie(cookieName, sealed, { ...strict, isSecure, maxAgeSeconds: sessionSeconds });
  }

  /** The cookie that ends a session. */
  end(isSecure: boolean): string {
    return setCookie(cookieName, '', { ...strict, isSecure, maxAgeSeconds: 0 });
  }
}

const strict = { path: '/', sameSite: 'Strict' } as const;

/** A browser sends the cookie by itself, so a write must come from a page of this very origin. */
function requireOwnOrigin({ method, headers }: AnyRequest): void {
  if (method === 'GET' || method === 'HEAD') return;
  const { origin = '', host = headers[':authority']?.toString() ?? '' } = headers;
  if (host !== '' && [`http://${host}`, `https://${host}`].includes(origin)) return;
  const remedy = 'use the console, or send a token in Authorization';
  throw new RequestError('forbidden', `a session may write from pages of this server alone: ${remedy}`);
}
