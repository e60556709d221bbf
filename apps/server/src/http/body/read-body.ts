import express, { type RequestHandler } from 'express';
import { maxDepth } from '../../json-depth.ts';
import { RequestError } from '../../model/request-error.ts';
import { jsonBody } from './json-body.ts';

/** Which body a route reads. */
export interface ReadBodyOptions {
  /** The media type that the route expects; plain `application/json` is always accepted. */
  readonly type?: string;
  /** The largest body, in bytes. Default: 1 MiB. */
  readonly limit?: number;
}

/**
 * Reads a JSON body, as deep as a document may nest. Another media type is refused: the body would
 * be ignored otherwise.
 */
export function readBody({
  type = 'application/json',
  limit = 1_048_576,
}: ReadBodyOptions = {}): RequestHandler[] {
  return [
    jsonBody({ types: ['application/json', type], limit, depth: maxDepth }),
    (request, _response, next) => {
      if (request.body === undefined) throw new RequestError('unsupported_type', `send a body as ${type}`);
      next();
    },
  ];
}

/**
 * Reads a body of JSON as bytes, for documents so large that they must be parsed piece by piece.
 * A body in another encoding than UTF-8 is refused when it is parsed.
 */
export function readBytes({ limit = 1_048_576 }: Pick<ReadBodyOptions, 'limit'> = {}): RequestHandler[] {
  return [
    express.raw({ type: 'application/json', limit }),
    (request, _response, next) => {
      if (!Buffer.isBuffer(request.body))
        throw new RequestError('unsupported_type', 'send a body as application/json');
      next();
    },
  ];
}
