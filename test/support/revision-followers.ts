import { createParser } from 'eventsource-parser';

/** A client of the change stream that remembers which revisions it has got. */
export interface RevisionFollower {
  /** The revisions, in the order in which they came. */
  readonly revisions: readonly string[];
  /** The newest metadata of each flag. */
  readonly flags: ReadonlyMap<string, unknown>;
  close(): void;
}

/** Follows the change stream of a server, and again from the last revision when it ends. */
export function followRevisions(url: string): RevisionFollower {
  const revisions: string[] = [];
  const flags = new Map<string, unknown>();
  const ending = new AbortController();
  const parser = createParser({
    onEvent: ({ event, id, data }) => {
      const { flags: changed = {}, document } = JSON.parse(data) as Changes;
      if (event === 'snapshot') flags.clear();
      for (const [key, flag] of Object.entries(document?.flags ?? changed)) {
        if (flag === null) flags.delete(key);
        else flags.set(key, flag.metadata);
      }
      if (id !== undefined && id !== revisions.at(-1)) revisions.push(id);
    },
  });
  const read = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        const last = revisions.at(-1);
        const response = await fetch(`${url}/api/v1/environments/default/stream`, {
          headers: last === undefined ? {} : { 'last-event-id': last },
          signal: ending.signal,
        });
        parser.reset();
        if (response.ok) {
          for await (const bytes of response.body ?? []) parser.feed(new TextDecoder().decode(bytes));
        }
      } catch {
        // The server is gone, or this follower was closed.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  void read();
  return { revisions, flags, close: () => ending.abort() };
}

interface Changes {
  readonly document?: { readonly flags: Readonly<Record<string, Flag>> };
  readonly flags?: Readonly<Record<string, Flag | null>>;
}

interface Flag {
  readonly metadata?: unknown;
}
