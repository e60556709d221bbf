import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { lengthOf, type Pieces } from '../../model/document-text.ts';

/** Sends JSON in pieces, as fast as the client takes them. */
export async function sendPieces(response: Response, pieces: Pieces): Promise<void> {
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-length', lengthOf(pieces));
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  await pipeline(Readable.from(pieces), response).catch(() => {
    // The client is gone; nothing else can fail.
  });
}
