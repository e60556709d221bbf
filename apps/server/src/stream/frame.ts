/** One server-sent event (HTML standard, section 9.2) whose data is JSON on one line. */
export function frame(event: string, id: string, data: unknown): Buffer {
  return Buffer.from(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
}
