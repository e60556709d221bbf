import type { components } from '../../protocols/admin/gen/admin-api.ts';

type Refusal = components['schemas']['Problem'];

/** The server that a command is about. */
export interface Server {
  /** Where the server's HTTP port is, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly token?: string | undefined;
}

/** Which environment of which server a command is about. */
export interface Target extends Server {
  readonly environment: string;
}

/** A response of the admin API. */
export interface AdminResponse {
  readonly status: number;
  readonly etag: string | null;
  readonly body: unknown;
}

/** A command failed; the message is for the user. */
export class CommandError extends Error {}

interface AdminRequest {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/**
 * Sends a request to the admin API of an environment.
 * @throws {CommandError} if no server responds.
 */
export async function requestAdmin(
  { environment, ...server }: Target,
  path: string,
  request?: AdminRequest,
): Promise<AdminResponse> {
  return requestApi(server, `/environments/${encodeURIComponent(environment)}${path}`, request);
}

/**
 * Sends a request to the admin API.
 * @throws {CommandError} if no server responds.
 */
export async function requestApi(
  { url, token }: Server,
  path: string,
  { headers, ...init }: AdminRequest = {},
): Promise<AdminResponse> {
  const address = `${url.replace(/\/+$/, '')}/api/v1${path}`;
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(address, {
      ...init,
      headers: { 'content-type': 'application/json', ...authorization, ...headers },
    });
  } catch (error) {
    const { cause, message } = error as Error;
    const reason = cause instanceof Error ? cause.message || String(cause) : message;
    throw new CommandError(
      `no server responds at ${url} (${reason}): start one, or name another with --url`,
      {
        cause: error,
      },
    );
  }
  const body: unknown = await response.json().catch(() => undefined);
  return { status: response.status, etag: response.headers.get('etag'), body };
}

/** The refusal in a response, with its problems. */
export function refusal({ status, body }: AdminResponse): CommandError {
  const { detail = `the server responded with status ${status}`, problems = [] } = (body ??
    {}) as Partial<Refusal>;
  if (status === 401) return new CommandError(`${detail}; here with GRAYLANE_TOKEN or --token`);
  const lines = problems.map(({ path, message, remedy }) => `\n  ${path}: ${message}: ${remedy}`);
  return new CommandError(`${detail}${lines.join('')}`);
}
