import express, { type RequestHandler } from 'express';
import { HttpProblem } from './problem-details.ts';

/** What is read from a request. */
export interface JsonBodyOptions {
  /** Media types that are read as JSON. */
  readonly types: readonly string[];
  /** The largest body, in bytes. */
  readonly limit: number;
}

/** How deep lists and objects of a body may nest: `JSON.parse` goes down a million levels, and whoever walks the result dies of it. */
const maxDepth = 100;

/** Reads a body as JSON in UTF-8, bounded in size and depth before it is parsed. */
export function jsonBody({ types, limit }: JsonBodyOptions): RequestHandler {
  return express.json({
    type: [...types],
    limit,
    verify: (_request, _response, bytes, encoding) => {
      if (encoding !== 'utf-8') throw new HttpProblem(415, `the body is in ${encoding}: send UTF-8`);
      if (isDeeper(bytes, maxDepth)) {
        throw new HttpProblem(400, `the body nests deeper than ${maxDepth} levels: make it flatter`);
      }
    },
  });
}

const [quote, backslash] = [0x22, 0x5c];
const openings: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const closings: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Whether brackets outside of strings nest deeper than so many levels; also right about a text that is no JSON, as far as it goes. */
function isDeeper(bytes: Uint8Array, levels: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (inString) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (openings.has(byte)) {
      depth += 1;
      if (depth > levels) return true;
    } else if (closings.has(byte)) depth -= 1;
  }
  return false;
}
