import type { RequestHandler } from 'express';
import { maxDepth } from '../store/file/read-document.ts';
import { jsonBody } from './json-body.ts';
import { HttpProblem } from './problem-details.ts';

/** What a route reads. */
export interface ReadBodyOptions {
  /** The media type that is meant; plain `application/json` is always taken. */
  readonly type?: string;
  /** The largest body, in bytes. Default: 1 MiB. */
  readonly limit?: number;
}

/** Reads a body of JSON, as deep as a document may nest; another type is refused, since it would be taken for none. */
export function readBody({
  type = 'application/json',
  limit = 1_048_576,
}: ReadBodyOptions = {}): RequestHandler[] {
  return [
    jsonBody({ types: ['application/json', type], limit, depth: maxDepth }),
    (request, _response, next) => {
      if (request.body === undefined) throw new HttpProblem(415, `send a body as ${type}`);
      next();
    },
  ];
}
