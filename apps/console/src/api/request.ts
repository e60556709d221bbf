import type { components } from '@graylane/server/admin-api';
import { refuse, token } from './session.ts';

/** A schema of the server's OpenAPI document. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

/** One fault of a document or a request. */
export interface ApiProblem {
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** A refusal of the server (RFC 9457), or a server that can't be reached: then `status` is 0. */
export class ApiError extends Error {
  readonly status: number;
  readonly problems: readonly ApiProblem[];

  constructor(status: number, detail: string, problems: readonly ApiProblem[] = []) {
    super(detail);
    this.status = status;
    this.problems = problems;
  }
}

/** A response of the API with its body. */
export interface ApiResponse<Body> {
  readonly status: number;
  readonly etag: string | undefined;
  readonly body: Body;
}

/** The parts of a request beside method and path. */
export interface ApiRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Why a change is made: it becomes part of the revision. */
  readonly reason?: string | undefined;
}

/**
 * Sends a request below `/api/v1`.
 * @throws {ApiError} for a refusal and for a server that can't be reached.
 */
export async function api<Body>(
  method: string,
  path: string,
  { body, headers = {}, reason }: ApiRequest = {},
): Promise<ApiResponse<Body>> {
  const response = await send(`/api/v1${path}`, {
    method,
    headers: {
      ...authorization(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(reason ? { 'graylane-reason': encodeURIComponent(reason) } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const read: unknown = text === '' ? undefined : parse(text);
  if (!response.ok) throw toError(response.status, read);
  return { status: response.status, etag: response.headers.get('etag') ?? undefined, body: read as Body };
}

/** Opens a stream of server-sent events below `/api/v1`. */
export async function openStream(
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const response = await send(`/api/v1${path}`, { headers: { ...authorization(), ...headers }, signal });
  if (!response.ok || response.body === null) throw toError(response.status, parse(await response.text()));
  return response.body;
}

/** The path of an environment below `/api/v1`. */
export function environmentPath(environment: string, ...path: readonly string[]): string {
  return `/environments/${[environment, ...path].map(encodeURIComponent).join('/')}`;
}

function authorization(): Record<string, string> {
  const held = token.peek();
  return held === undefined ? {} : { authorization: `Bearer ${held}` };
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, 'The server cannot be reached: it may be restarting, or the network is down.');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toError(status: number, body: unknown): ApiError {
  const { detail, problems } = (body ?? {}) as { detail?: string; problems?: readonly ApiProblem[] };
  const error = new ApiError(status, detail ?? `The server responded ${status}.`, problems);
  if (status === 401) refuse(error.message);
  return error;
}
