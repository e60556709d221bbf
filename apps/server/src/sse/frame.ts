/** Bytes of a stream of server-sent events (HTML standard, section 9.2), made once for all clients. */
export interface Frame {
  /** The id of the event; a comment or a hint has none. */
  readonly id: string | undefined;
  readonly plain: Buffer;
  /** The same as a chunk (RFC 9112, section 7.1). */
  readonly chunk: Buffer;
}

/** An event whose data is JSON on one line. */
export function frame(event: string, id: string, data: unknown): Frame {
  return frameOf(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`, id);
}

/** The delay before reconnecting, in milliseconds, with a comment that serves as a heartbeat. */
export function retryHint(ms: number): Frame {
  return frameOf(`:\nretry: ${ms}\n\n`);
}

function frameOf(text: string, id?: string): Frame {
  const head = `${Buffer.byteLength(text).toString(16)}\r\n`;
  const chunk = Buffer.from(`${head}${text}\r\n`);
  return { id, plain: chunk.subarray(head.length, -2), chunk };
}
