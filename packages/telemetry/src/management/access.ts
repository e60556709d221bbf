import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { text, type Reply } from './reply.ts';

/**
 * Whether a bearer token may see the diagnostics: `insufficient` is for a token that is known, and
 * has too little scope. A flag server passes a function that takes its admin tokens.
 */
export type TokenCheck = (token: string) => TokenVerdict | Promise<TokenVerdict>;

/** The verdict of a {@link TokenCheck}. */
export type TokenVerdict = boolean | 'insufficient';

const shortestToken = 16;

/**
 * Who may see the diagnostics. Bound to loopback, the port is open to the machine it runs on, but
 * not to web pages. Bound to any other address, every peer needs the token: a sidecar of the same
 * pod arrives from loopback, too.
 */
export class Access {
  readonly #check: TokenCheck | undefined;
  readonly #tokenOnLoopback: () => boolean;

  /** @throws {TypeError} if the token is so short that it could be guessed. */
  constructor(token: string | TokenCheck | undefined, tokenOnLoopback: () => boolean = () => false) {
    this.#check = typeof token === 'string' ? checkFor(token) : token;
    this.#tokenOnLoopback = tokenOnLoopback;
  }

  /** The refusal, or undefined if the request may proceed. */
  async refusal(request: IncomingMessage, boundTo: string): Promise<Reply | undefined> {
    if (isLoopback(boundTo) && !this.#tokenOnLoopback()) return refusalOfWebPage(request);
    if (this.#check === undefined) {
      return text(
        'diagnostics are closed: this port is open to other machines and has no token. Set GRAYLANE_MANAGEMENT_TOKEN, or bind to 127.0.0.1',
        403,
      );
    }
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const verdict = token !== undefined && (await this.#check(token));
    if (verdict === true) return undefined;
    if (verdict === 'insufficient') return text('diagnostics need a token of the scope admin', 403);
    return text('diagnostics need the management token: send "Authorization: Bearer <token>"', 401, {
      'www-authenticate': 'Bearer realm="graylane management"',
    });
  }
}

/** Whether only this machine can reach the address. */
function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}

/**
 * A web page can send requests to loopback. Its own origin shows in `Origin` or `Sec-Fetch-Site`; a
 * page that had its name resolve to 127.0.0.1 (DNS rebinding) shows in `Host`.
 */
function refusalOfWebPage({ headers }: IncomingMessage): Reply | undefined {
  const site = headers['sec-fetch-site'];
  const isForeign = site !== undefined && site !== 'none' && site !== 'same-origin';
  if (
    !isForeign &&
    namesLoopback(headers.host ?? '') &&
    (headers.origin === undefined || namesLoopback(hostOf(headers.origin)))
  ) {
    return undefined;
  }
  return text(
    'diagnostics are not served to web pages: open them by the address 127.0.0.1 or localhost',
    403,
  );
}

function namesLoopback(authority: string): boolean {
  const name = authority.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return name === 'localhost' || (isIP(name) > 0 && isLoopback(name));
}

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : '';
}

/** Compares digests, so that the time it takes reveals nothing about the token. */
function checkFor(token: string): TokenCheck {
  if (token.length < shortestToken) {
    throw new TypeError(
      `the management token has ${token.length} characters and needs at least ${shortestToken}: make one by openssl rand -hex 32`,
    );
  }
  const expected = digest(token);
  return (given) => timingSafeEqual(digest(given), expected);
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
