import { setTimeout } from 'node:timers/promises';

/** Writers of flags who remember what the server has acknowledged. */
export class Writers {
  /** Per flag: the number that was acknowledged last, and the one that was sent last. */
  readonly #flags = new Map<string, { acknowledged: number; sent: number }>();
  readonly #acknowledged = new Set<string>();

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /**
   * Each writer writes one number after another into a flag of its own, until the server fails or
   * `enough` aborts.
   */
  async write(url: string, writers: number, enough: AbortSignal): Promise<void> {
    const keys = Array.from({ length: writers }, (_, n) => `flag-${n}`);
    await Promise.all(keys.map((key) => this.#writeOne(url, key, enough)));
  }

  /** Resolves when so many more writes have been acknowledged. */
  async more(count: number): Promise<void> {
    const enough = this.acknowledged + count;
    while (this.acknowledged < enough) await setTimeout(1);
  }

  /**
   * The acknowledged writes that were lost: they are not served, or an older state is. Flags may be
   * newer, by unacknowledged writes.
   */
  async lost(url: string): Promise<string[]> {
    const response = await fetch(`${url}/api/v1/environments/default/flags`);
    const { flags } = (await response.json()) as { flags: Record<string, Written> };
    return [...this.#flags].flatMap(([key, state]) => {
      const found = flags[key]?.metadata.n ?? 0;
      const fine = found >= state.acknowledged && found <= state.sent;
      state.sent = found;
      return fine ? [] : [`${key} is ${found}, acknowledged were ${state.acknowledged}`];
    });
  }

  /** Which acknowledged writes the history does not know. */
  async missing(url: string): Promise<string[]> {
    const known = new Set<string>();
    for (let next: string | undefined = ''; next !== undefined;) {
      const query: string = next === '' ? '' : `&before=${next}`;
      const response = await fetch(`${url}/api/v1/environments/default/history?limit=200${query}`);
      const page = (await response.json()) as HistoryPage;
      for (const { path, after } of page.revisions.flatMap(({ diff }) => diff)) {
        const [, key = ''] = /^\$\.flags\["(flag-\d+)"\]/.exec(path) ?? [];
        const n = typeof after === 'number' ? after : after?.metadata?.n;
        if (n !== undefined) known.add(`${key} ${n}`);
      }
      ({ next } = page);
    }
    return [...this.#acknowledged].filter((write) => !known.has(write));
  }

  async #writeOne(url: string, key: string, enough: AbortSignal): Promise<void> {
    const state = this.#flags.get(key) ?? { acknowledged: 0, sent: 0 };
    this.#flags.set(key, state);
    try {
      while (!enough.aborted) {
        const condition: Record<string, string> =
          state.sent === 0 ? { 'if-none-match': '*' } : { 'if-match': '*' };
        state.sent += 1;
        const response = await fetch(`${url}/api/v1/environments/default/flags/${key}`, {
          method: 'PUT',
          headers: { 'content-type': 'application/json', ...condition },
          body: JSON.stringify(flag(state.sent)),
        });
        await response.arrayBuffer();
        if (!response.ok) return;
        state.acknowledged = state.sent;
        this.#acknowledged.add(`${key} ${state.sent}`);
      }
    } catch {
      // The server is gone: writes that it has not acknowledged may be missing.
    }
  }
}

interface Written {
  readonly metadata: { readonly n: number };
}

interface HistoryPage {
  readonly next?: string;
  readonly revisions: ReadonlyArray<{
    readonly diff: ReadonlyArray<{ readonly path: string; readonly after?: number | Partial<Written> }>;
  }>;
}

function flag(n: number): object {
  return { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on', metadata: { n } };
}
