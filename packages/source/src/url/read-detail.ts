import type { IncomingMessage } from 'node:http';

/** The server's problems are shorter; a longer body is not from a flag server. */
const maxBytes = 10_000;

/**
 * Returns the `detail` of a response that is a problem (RFC 9457), on one line, or undefined. Reads
 * at most 10,000 bytes. The caller must destroy the response.
 */
export async function readDetail(response: IncomingMessage): Promise<string | undefined> {
  if (!/^application\/problem\+json\b/i.test(response.headers['content-type'] ?? '')) return undefined;
  try {
    const { detail } = JSON.parse(await readText(response)) as { detail?: unknown };
    return typeof detail === 'string' ? detail.replaceAll(/\s+/g, ' ').slice(0, 500) : undefined;
  } catch {
    // The body is cut off or not JSON: only the status is left.
    return undefined;
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  return Buffer.concat(chunks).toString();
}
