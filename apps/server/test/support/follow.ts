import { createParser } from 'eventsource-parser';
import { inbox, type Inbox } from '../../../../test/support/inbox.ts';

/** One server-sent event, or a hint of when to come back. */
export interface Received {
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  readonly data?: unknown;
  readonly retry?: number;
}

/** A stream of server-sent events, as a client reads it. */
export interface Followed extends Inbox<Received> {
  /** Without the hints, which heartbeats bring at any time. */
  readonly events: Inbox<Received>;
  /** Resolves when the server has ended the stream in good order; rejects when it broke. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Reads a stream until it ends or is closed. */
export async function followStream(url: string, headers: Record<string, string> = {}): Promise<Followed> {
  const [received, events] = [inbox<Received>(), inbox<Received>()];
  const ending = new AbortController();
  const response = await fetch(url, { headers, signal: ending.signal });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  const parser = createParser({
    onEvent: ({ event, id, data }) => {
      const item = { event, id, data: JSON.parse(data) as unknown };
      received.put(item);
      events.put(item);
    },
    onRetry: (retry) => received.put({ retry }),
  });
  const read = async (): Promise<void> => {
    for await (const bytes of response.body ?? []) parser.feed(new TextDecoder().decode(bytes));
  };
  const ended = read();
  ended.catch(() => {
    // Resolves the promises that wait for the end; a stream that the test closes ends here, too.
  });
  return { ...received, events, ended, close: () => ending.abort() };
}
