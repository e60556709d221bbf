import express, { type RequestHandler } from 'express';
import { nestsDeeper } from '../json-depth.ts';
import { HttpProblem } from './problem-details.ts';

/** What is read from a request. */
export interface JsonBodyOptions {
  /** Media types that are read as JSON. */
  readonly types: readonly string[];
  /** The largest body, in bytes. */
  readonly limit: number;
}

/** How deep lists and objects of a body may nest. */
const maxDepth = 100;

/** Reads a body as JSON in UTF-8, bounded in size and depth before it is parsed. */
export function jsonBody({ types, limit }: JsonBodyOptions): RequestHandler {
  return express.json({
    type: [...types],
    limit,
    verify: (_request, _response, bytes, encoding) => {
      if (encoding !== 'utf-8') throw new HttpProblem(415, `the body is in ${encoding}: send UTF-8`);
      if (nestsDeeper(bytes, maxDepth)) {
        throw new HttpProblem(400, `the body nests deeper than ${maxDepth} levels: make it flatter`);
      }
    },
  });
}
