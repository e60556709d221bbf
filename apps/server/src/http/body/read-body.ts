import type { RequestHandler } from 'express';
import { RequestError } from '../../model/request-error.ts';
import { maxDepth } from '../../store/file/read-document.ts';
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
