import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { packageFile } from '../../package/package-file.ts';
import { accessOf } from '../front-door/route-scopes.ts';
import { unbuiltPage } from './unbuilt-page.ts';

/** One file of the console, ready to be sent. */
interface ConsoleFile {
  readonly body: Buffer;
  readonly gzipped: Buffer | undefined;
  readonly type: string;
  readonly etag: string;
  readonly cacheControl: string;
}

/**
 * The folders where a build of the console may lie: beside this package in the repository, or in
 * it.
 */
const folders = ['../console/dist/site/', 'dist/console/'].map((path) => fileURLToPath(packageFile(path)));

/** Scripts, styles and requests of this origin alone; no page may frame the console. */
const policy =
  "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/**
 * Serves the built console. Returns a function that serves a request and returns true, or returns
 * false for a path that is not one of the console. The files are read at the first request, so a
 * server without a console starts, too, and serves a page that names the remedy.
 */
export function consoleFiles(
  from: readonly string[] = folders,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  let read: ReadonlyMap<string, ConsoleFile> | undefined;
  return (request, response) => {
    const { method = '', url = '' } = request;
    const path = url.split('?', 1)[0] ?? '';
    if ((method !== 'GET' && method !== 'HEAD') || !isConsolePath(path)) return false;
    const files = (read ??= readConsole(from));
    const file = files.get(path) ?? (isFile(path) ? undefined : files.get('/index.html'));
    if (file === undefined) return false;
    send(file, request, response);
    return true;
  };
}

/** Pages are open, and so is health, which is no page. */
function isConsolePath(path: string): boolean {
  return accessOf('GET', path) === 'open' && !/^\/(?:healthz|readyz|auth\/.*)$/.test(path);
}

/** The other paths are views, which the script of the page reads. */
function isFile(path: string): boolean {
  return path.startsWith('/assets/') || path === '/icon.svg';
}

function readConsole(from: readonly string[]): ReadonlyMap<string, ConsoleFile> {
  for (const folder of from) {
    const files = readFolder(folder);
    if (files.has('/index.html')) return files;
  }
  return new Map([['/index.html', toFile('/index.html', Buffer.from(unbuiltPage))]]);
}

function readFolder(folder: string): Map<string, ConsoleFile> {
  const files = new Map<string, ConsoleFile>();
  let entries;
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch {
    // The console was not built here.
    return files;
  }
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/');
    const path = `/${file.slice(folder.length).replace(/^\//, '')}`;
    files.set(path, toFile(path, readFileSync(file)));
  }
  return files;
}

function toFile(path: string, body: Buffer): ConsoleFile {
  const type = types[extname(path)] ?? 'application/octet-stream';
  const gzipped = gzipSync(body, { level: 9 });
  return {
    body,
    gzipped: gzipped.length < body.length ? gzipped : undefined,
    type,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    // The names of assets have a hash of their content.
    cacheControl: path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

function send(file: ConsoleFile, { method, headers }: IncomingMessage, response: ServerResponse): void {
  response.setHeader('content-security-policy', policy);
  response.setHeader('cache-control', file.cacheControl);
  response.setHeader('etag', file.etag);
  response.setHeader('vary', 'accept-encoding');
  if (headers['if-none-match']?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === file.etag)) {
    response.statusCode = 304;
    response.end();
    return;
  }
  const zipped = /\bgzip\b/.test(headers['accept-encoding']?.toString() ?? '') ? file.gzipped : undefined;
  const body = zipped ?? file.body;
  if (zipped) response.setHeader('content-encoding', 'gzip');
  response.setHeader('content-type', file.type);
  response.setHeader('content-length', body.length);
  response.end(method === 'HEAD' ? undefined : body);
}
