import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { nestsDeeper } from '../json-depth.ts';
import { HttpProblem } from './problem-details.ts';

/** What is read from a request. */
export interface JsonBodyOptions {
  /** Media types that are read as JSON. */
  readonly types: readonly string[];
  /** The largest body, in bytes. */
  readonly limit: number;
  /** How deep lists and objects of a body may nest. */
  readonly depth: number;
}

/** Reads a request's body into its `body`, which stays undefined where there is none of these types. */
export type ReadBody = (
  request: IncomingMessage,
  response: ServerResponse,
  done: (error?: unknown) => void,
) => void;

/** Reads a body as JSON in UTF-8, bounded in size and depth before it is parsed. */
export function jsonBody({ types, limit, depth }: JsonBodyOptions): ReadBody {
  return express.json({
    type: [...types],
    limit,
    verify: (_request, _response, bytes, encoding) => {
      if (encoding !== 'utf-8') throw new HttpProblem(415, `the body is in ${encoding}: send UTF-8`);
      if (nestsDeeper(bytes, depth)) {
        throw new HttpProblem(400, `the body nests deeper than ${depth} levels: make it flatter`);
      }
    },
  });
}
