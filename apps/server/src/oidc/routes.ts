import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from '../http/body/send-json.ts';
import { sendProblem } from '../http/problem-details.ts';
import { isObject } from '../is-object.ts';
import type { Log } from '../log.ts';
import { RequestError } from '../model/request-error.ts';
import { cookieOf, setCookie } from './cookies.ts';
import { IdentityProvider, NoRoleError, type OidcSettings, type SignInState } from './provider.ts';
import { Sealer } from './sealed-value.ts';
import type { Sessions } from './sessions.ts';

const signInCookie = 'graylane-sign-in';
const signInSeconds = 600;

/** The parts that the routes use; without settings, `/auth/session` alone exists. */
export interface OidcRoutesOptions {
  readonly oidc: OidcSettings | undefined;
  readonly sessions: Sessions | undefined;
  readonly log: Log;
}

/**
 * Routes `/auth/sign-in`, `/auth/callback`, `/auth/session` and `/auth/sign-out`, for browsers.
 * Returns a function that serves a request and returns true, or returns false for another path.
 */
export function oidcRoutes({
  oidc,
  sessions,
  log,
}: OidcRoutesOptions): (request: IncomingMessage, response: ServerResponse) => boolean {
  if (oidc === undefined || sessions === undefined) {
    return (request, response) => {
      if (request.method !== 'GET' || pathOf(request) !== '/auth/session') return false;
      sendSession(response, { signIn: false });
      return true;
    };
  }
  const provider = new IdentityProvider(oidc);
  const sealer = new Sealer(oidc.clientSecret, 'sign-in');

  const signIn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const back = backOf(new URL(request.url ?? '', 'http://x').searchParams.get('back'));
    const own = originOf(request, oidc);
    const { state, url: target } = await provider.begin(back, `${own}/auth/callback`);
    // The provider sends the browser back from its own site, so the cookie can't be strict.
    const cookie = { path: '/auth', sameSite: 'Lax', isSecure: isSecure(own) } as const;
    const kept = setCookie(signInCookie, sealer.seal(state), { ...cookie, maxAgeSeconds: signInSeconds });
    redirect(response, target.href, [kept]);
  };

  const callback = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const own = originOf(request, oidc);
    const state = sealer.open(cookieOf(request.headers, signInCookie) ?? '');
    if (!isState(state)) throw refusal('the sign-in took too long, or began in another browser: try again');
    const person = await provider.person(new URL(`${own}${request.url ?? ''}`), state);
    const cookie = { path: '/auth', sameSite: 'Lax', isSecure: isSecure(own) } as const;
    redirect(response, state.back, [
      setCookie(signInCookie, '', { ...cookie, maxAgeSeconds: 0 }),
      sessions.begin(person, isSecure(own)),
    ]);
  };

  return (request, response) => {
    const route = `${request.method} ${pathOf(request)}`;
    if (route === 'GET /auth/session') {
      const { name, scope, environment } = sessions.read(request) ?? {};
      sendSession(response, { signIn: true, name, scope, environment });
    } else if (route === 'POST /auth/sign-out') {
      response.setHeader('set-cookie', sessions.end(isSecure(originOf(request, oidc))));
      response.statusCode = 204;
      response.end();
    } else if (route === 'GET /auth/sign-in' || route === 'GET /auth/callback') {
      const serve = route === 'GET /auth/sign-in' ? signIn : callback;
      serve(request, response).catch((error: unknown) => sendProblem(asRefusal(error, log), response, log));
    } else return false;
    return true;
  };
}

function sendSession(response: ServerResponse, session: object): void {
  response.setHeader('cache-control', 'no-store');
  sendJson(response, 200, JSON.stringify(session));
}

function redirect(response: ServerResponse, target: string, cookies: readonly string[]): void {
  response.statusCode = 302;
  response.setHeader('location', target);
  response.setHeader('set-cookie', cookies);
  response.setHeader('cache-control', 'no-store');
  response.end();
}

/** The provider's messages are for operators, and go to the log. */
function asRefusal(error: unknown, log: Log): RequestError {
  if (error instanceof RequestError) return error;
  const { message } = error as Error;
  if (error instanceof NoRoleError) return new RequestError('forbidden', message, { cause: error });
  log.warn(`a sign-in by OpenID Connect failed: ${message}`);
  return refusal('the identity provider did not confirm the sign-in: see the log of the server');
}

function refusal(message: string): RequestError {
  return new RequestError('unauthenticated', message);
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}

/**
 * A path of this server: another origin must not be reached by a link to the sign-in. Browsers drop
 * tabs and line ends and read a backslash as a slash, so the path is taken apart as they do it.
 */
export function backOf(given: string | null): string {
  const [own, path] = ['http://graylane.invalid', given ?? ''];
  if (!path.startsWith('/') || !URL.canParse(path, own)) return '/';
  const { origin, pathname, search, hash } = new URL(path, own);
  return origin === own && !pathname.startsWith('//') ? `${pathname}${search}${hash}` : '/';
}

function originOf({ headers, socket }: IncomingMessage, { publicUrl }: OidcSettings): string {
  if (publicUrl !== undefined) return new URL(publicUrl).origin;
  return `${'encrypted' in socket ? 'https' : 'http'}://${headers.host ?? ''}`;
}

function isSecure(origin: string): boolean {
  return origin.startsWith('https:');
}

function isState(value: unknown): value is SignInState {
  return (
    isObject(value) && ['state', 'nonce', 'verifier', 'back'].every((name) => typeof value[name] === 'string')
  );
}
