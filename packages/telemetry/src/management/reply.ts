import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** The response of a route. */
export interface Reply {
  readonly status?: number;
  readonly type: string;
  readonly body: string | Uint8Array | Readable;
  readonly headers?: Readonly<Record<string, string>>;
}

export function json(value: unknown, status = 200): Reply {
  return {
    status,
    type: 'application/json; charset=utf-8',
    body: `${JSON.stringify(value, undefined, 2)}\n`,
  };
}

export function text(body: string, status = 200, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, type: 'text/plain; charset=utf-8', body: `${body}\n`, headers };
}

/** A file for a tool; browsers save it under this name. */
export function download(
  name: string,
  body: string | Uint8Array | Readable,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    type: name.endsWith('.pb.gz') ? 'application/octet-stream' : 'application/json',
    body,
    headers: { 'content-disposition': `attachment; filename="${name}"`, ...headers },
  };
}

/** Writes a reply. A peer that disconnects meanwhile does not cause an error. */
export async function send(
  response: ServerResponse,
  { status = 200, type, body, headers }: Reply,
  withBody: boolean,
): Promise<void> {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    ...(typeof body === 'string' || body instanceof Uint8Array
      ? { 'content-length': Buffer.byteLength(body) }
      : {}),
    ...headers,
  });
  if (!withBody) {
    if (typeof body !== 'string' && !(body instanceof Uint8Array)) body.destroy();
    response.end();
  } else if (typeof body === 'string' || body instanceof Uint8Array) response.end(body);
  else await pipeline(body, response).catch(() => {});
}
