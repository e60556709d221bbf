import type { components } from '../protocols/admin/gen/admin-api.ts';

type Refusal = components['schemas']['Problem'];

/** Which environment of which server a command is about. */
export interface Target {
  /** Where the server's HTTP port is, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
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

/**
 * Sends a request to the admin API of an environment.
 * @throws {CommandError} if no server responds.
 */
export async function requestAdmin(
  { url, environment }: Target,
  path: string,
  {
    headers,
    ...init
  }: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<AdminResponse> {
  const address = `${url.replace(/\/+$/, '')}/api/v1/environments/${encodeURIComponent(environment)}${path}`;
  let response: Response;
  try {
    response = await fetch(address, { ...init, headers: { 'content-type': 'application/json', ...headers } });
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
  const lines = problems.map(({ path, message, remedy }) => `\n  ${path}: ${message}: ${remedy}`);
  return new CommandError(`${detail}${lines.join('')}`);
}
