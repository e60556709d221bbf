import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import type { ByteLease } from '../../backpressure/byte-budget.ts';
import { RequestError } from '../../model/request-error.ts';

/** How large a body may be. */
export interface UnpackedBodyOptions {
  /** The largest body in bytes, as it is sent and as it is unpacked. */
  readonly limit: number;
  /** Counts the unpacked bytes as they arrive. */
  readonly lease: ByteLease;
}

/**
 * Reads a whole body, and unpacks gzip. A body that unpacks to more than the limit is given up
 * there, however small it is sent. The rest of a refused body is read and dropped, so that the
 * client gets the response.
 * @throws {RequestError} `too_large`, `unsupported_type` for another encoding, `invalid_request`
 *   for damaged gzip, or `rate_limited` of the lease.
 */
export async function readUnpacked(
  request: IncomingMessage,
  { limit, lease }: UnpackedBodyOptions,
): Promise<Buffer> {
  const gunzip = unpackerOf(request);
  try {
    if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
    return await collect(gunzip === undefined ? request : unpacked(request, gunzip), limit, lease);
  } finally {
    if (gunzip !== undefined) {
      request.unpipe(gunzip);
      gunzip.destroy();
    }
    request.resume();
  }
}

function unpackerOf({ headers }: IncomingMessage): Gunzip | undefined {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return undefined;
  if (encoding === 'gzip') return createGunzip();
  const message = `the body is encoded with ${JSON.stringify(encoding)}: send it with gzip, or as it is`;
  throw new RequestError('unsupported_type', message);
}

function unpacked(request: IncomingMessage, gunzip: Gunzip): Readable {
  request.on('error', (error) => gunzip.destroy(error));
  return request.pipe(gunzip);
}

async function collect(stream: Readable, limit: number, lease: ByteLease): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer): void => {
      try {
        length += chunk.length;
        if (length > limit) throw tooLarge(limit);
        lease.take(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        stream.off('data', onData);
        reject(error);
      }
    };
    stream.on('data', onData);
    stream.on('end', () => resolve(Buffer.concat(chunks, length)));
    stream.on('error', (error) =>
      reject(
        new RequestError('invalid_request', `the body can't be read: ${error.message}`, { cause: error }),
      ),
    );
  });
}

function tooLarge(limit: number): RequestError {
  return new RequestError('too_large', `the body is too large: send at most ${limit} bytes, unpacked`);
}
