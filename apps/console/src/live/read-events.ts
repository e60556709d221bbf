import { createParser } from 'eventsource-parser';
import { environmentPath, openStream } from '../api/request.ts';

/** An event of the change stream. */
export type StreamEvent =
  | { readonly name: 'snapshot'; readonly data: { readonly revision: string; readonly document: object } }
  | {
      readonly name: 'delta';
      readonly data: { readonly revision: string; readonly flags: Readonly<Record<string, unknown>> };
    }
  | { readonly name: 'current' };

interface StreamOptions {
  readonly environment: string;
  readonly heartbeatSeconds: number;
  /** The revision that the page has. */
  readonly lastEventId: string | undefined;
}

/**
 * Reads the change stream until it ends. `fetch` sends the token in a header, which `EventSource`
 * cannot. A stream without a heartbeat for three of its intervals is cut.
 */
export async function* readEvents(
  { environment, heartbeatSeconds, lastEventId }: StreamOptions,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const cut = new AbortController();
  const abort = (): void => cut.abort();
  signal.addEventListener('abort', abort);
  let silence = 0;
  const listen = (): void => {
    clearTimeout(silence);
    silence = window.setTimeout(abort, heartbeatSeconds * 3000);
  };
  const events: StreamEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => events.push({ name: event, data: JSON.parse(data) } as StreamEvent),
  });
  const decoder = new TextDecoder();
  try {
    listen();
    const path = `${environmentPath(environment, 'stream')}?heartbeat=${heartbeatSeconds}`;
    const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const reader = (await openStream(path, headers, cut.signal)).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      listen();
      parser.feed(decoder.decode(value, { stream: true }));
      yield* events.splice(0);
    }
  } catch (error) {
    if (cut.signal.aborted && !signal.aborted)
      throw new Error('The server has been silent.', { cause: error });
    throw error;
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', abort);
    cut.abort();
  }
}
