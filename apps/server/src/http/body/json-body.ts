import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { nestsDeeper } from '../../json-depth.ts';
import { RequestError } from '../../model/request-error.ts';
import { syntaxFault } from '../../syntax-fault.ts';

/** Which bodies are read, and how large they may be. */
export interface JsonBodyOptions {
  /** Media types that are read as JSON. */
  readonly types: readonly string[];
  /** The largest body, in bytes. */
  readonly limit: number;
  /** How deep arrays and objects of a body may nest. */
  readonly depth: number;
}

/**
 * Reads a request's body into its `body`, which stays undefined for other media types. Calls back
 * with a {@link RequestError} if the body can't be read.
 */
export type ReadBody = (
  request: IncomingMessage,
  response: ServerResponse,
  done: (error?: unknown) => void,
) => void;

/** Reads a body as JSON in UTF-8; size and depth are checked before it is parsed. */
export function jsonBody({ types, limit, depth }: JsonBodyOptions): ReadBody {
  const read = express.json({
    type: [...types],
    limit,
    verify: (_request, _response, bytes, encoding) => {
      if (encoding !== 'utf-8') {
        throw new RequestError('unsupported_type', `the body is in ${encoding}: send UTF-8`);
      }
      if (nestsDeeper(bytes, depth)) {
        const message = `the body nests deeper than ${depth} levels: make it flatter`;
        throw new RequestError('invalid_request', message);
      }
    },
  }) as ReadBody;
  return (request, response, done) => {
    read(request, response, (error) => done(error === undefined ? undefined : toRequestError(error, limit)));
  };
}

/** Maps the errors of `body-parser`, which carry a `type`. */
function toRequestError(error: unknown, limit: number): unknown {
  if (error instanceof RequestError) return error;
  const { type, status, message, body } = error as Readonly<Record<string, unknown>>;
  const cause = { cause: error };
  if (type === 'entity.parse.failed') {
    return new RequestError('unparsable', syntaxFault('the body', String(body)), cause);
  }
  if (type === 'entity.too.large') {
    return new RequestError('too_large', `the body is too large: send at most ${limit} bytes`, cause);
  }
  if (status === 415) return new RequestError('unsupported_type', String(message), cause);
  const isClients = typeof status === 'number' && status >= 400 && status < 500;
  return isClients ? new RequestError('invalid_request', String(message), cause) : error;
}
