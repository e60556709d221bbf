/**
 * Bytes of a stream of server-sent events (HTML standard, section 9.2), made once for all clients.
 */
export interface Frame {
  /** The id of the event; undefined for a comment or a hint. */
  readonly id: string | undefined;
  readonly plain: Buffer;
  /** The same as a chunk (RFC 9112, section 7.1). */
  readonly chunk: Buffer;
}

/** An event whose data is JSON on one line. */
export function frame(event: string, id: string, data: unknown): Frame {
  return frameOfPieces(event, id, [Buffer.from(JSON.stringify(data))]);
}

/** An event whose data is JSON on one line, in pieces. */
export function frameOfPieces(event: string, id: string, data: readonly Buffer[]): Frame {
  return frameOf([Buffer.from(`event: ${event}\nid: ${id}\ndata: `), ...data, Buffer.from('\n\n')], id);
}

/** The delay before reconnecting, in milliseconds, with a comment that serves as a heartbeat. */
export function retryHint(ms: number): Frame {
  return frameOf([Buffer.from(`:\nretry: ${ms}\n\n`)]);
}

function frameOf(pieces: readonly Buffer[], id?: string): Frame {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const head = Buffer.from(`${length.toString(16)}\r\n`);
  const chunk = Buffer.concat([head, ...pieces, Buffer.from('\r\n')]);
  return { id, plain: chunk.subarray(head.length, -2), chunk };
}
