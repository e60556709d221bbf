/** Text of a stream of server-sent events (HTML standard, section 9.2), made once for all clients that are sent it. */
export interface Frame {
  /** Of the event; a comment or a hint has none. */
  readonly id: string | undefined;
  readonly plain: Buffer;
  /** The same as a chunk (RFC 9112, section 7.1). */
  readonly chunk: Buffer;
}

/** An event whose data is JSON on one line. */
export function frame(event: string, id: string, data: unknown): Frame {
  return frameOf(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`, id);
}

/** How long to wait before coming back, in milliseconds, with a comment: a sign of life for those who want one. */
export function retryHint(ms: number): Frame {
  return frameOf(`:\nretry: ${ms}\n\n`);
}

function frameOf(text: string, id?: string): Frame {
  const head = `${Buffer.byteLength(text).toString(16)}\r\n`;
  const chunk = Buffer.from(`${head}${text}\r\n`);
  return { id, plain: chunk.subarray(head.length, -2), chunk };
}
