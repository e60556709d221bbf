import type { components } from '../protocols/admin/gen/admin-api.ts';

type Refusal = components['schemas']['Problem'];

/** Which environment of which server a command is about. */
export interface Target {
  /** Where the server's HTTP port is, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly environment: string;
}

/** What the admin API answered. */
export interface AdminAnswer {
  readonly status: number;
  readonly etag: string | null;
  readonly body: unknown;
}

/** A command that could not be done; the message is for whoever typed it. */
export class CommandError extends Error {}

/**
 * Asks the admin API of an environment.
 * @throws {CommandError} where no server answers.
 */
export async function askAdmin(
  { url, environment }: Target,
  path: string,
  {
    headers,
    ...init
  }: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<AdminAnswer> {
  const address = `${url.replace(/\/+$/, '')}/api/v1/environments/${encodeURIComponent(environment)}${path}`;
  let response: Response;
  try {
    response = await fetch(address, { ...init, headers: { 'content-type': 'application/json', ...headers } });
  } catch (error) {
    const { cause, message } = error as Error;
    const reason = cause instanceof Error ? cause.message || String(cause) : message;
    throw new CommandError(`no server answers at ${url} (${reason}): start one, or name it with --url`, {
      cause: error,
    });
  }
  const body: unknown = await response.json().catch(() => undefined);
  return { status: response.status, etag: response.headers.get('etag'), body };
}

/** The refusal in an answer, with its problems. */
export function refusal({ status, body }: AdminAnswer): CommandError {
  const { detail = `the server answered ${status}`, problems = [] } = (body ?? {}) as Partial<Refusal>;
  const lines = problems.map(({ path, message, remedy }) => `\n  ${path}: ${message}: ${remedy}`);
  return new CommandError(`${detail}${lines.join('')}`);
}
