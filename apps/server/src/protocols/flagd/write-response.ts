import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { cutOff, type AnyResponse, type SlowReaders } from '../../backpressure/slow-readers.ts';

/** The bytes that are written at once: a reader makes progress as long as it takes these. */
const sliceBytes = 65_536;

/**
 * Writes a response of Connect to Node's, no faster than the client reads. Connect's own adapter
 * hands over whole messages and waits for a client forever.
 */
export async function writeResponse(
  { status, header, trailer, body }: UniversalServerResponse,
  response: AnyResponse,
  readers: SlowReaders,
): Promise<void> {
  const state = { closed: false };
  response.once('close', () => (state.closed = true));
  const writeHead = (): void => {
    if (!response.headersSent) response.writeHead(status, toNodeHeaders(header));
  };
  try {
    for await (const chunk of body ?? []) {
      // A service may set headers until its first message.
      writeHead();
      for (let from = 0; from < chunk.byteLength && !state.closed; from += sliceBytes) {
        const slice = chunk.subarray(from, from + sliceBytes);
        if (!(response as ServerResponse).write(slice)) await readers.drained(response, chunk);
      }
      if (state.closed) return;
    }
    writeHead();
    if (trailer) response.addTrailers(toNodeHeaders(trailer));
    response.end();
  } catch (error) {
    if (!state.closed) cutOff(response);
    throw error;
  }
}

function toNodeHeaders(headers: Headers | undefined): OutgoingHttpHeaders {
  const node: Record<string, string | string[]> = {};
  headers?.forEach((value, name) => {
    if (name !== 'set-cookie') node[name] = name === 'grpc-message' ? reencode(value) : value;
  });
  return node;
}

/**
 * Encodes a status message as far as gRPC requires (PROTOCOL-HTTP2, Status-Message). Connect
 * encodes more, and grpc-js decodes only this much: its users would read `%3A` for a colon.
 */
function reencode(message: string): string {
  return decodeURIComponent(message).replaceAll(/[^ -$&-~]+/g, (other) =>
    [...Buffer.from(other)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
