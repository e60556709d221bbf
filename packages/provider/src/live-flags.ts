import { changedFlags, compileFlags, type FlagSet } from '@graylane/flags';
import type { FlagSink, FlagSource } from '@graylane/source';
import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import type { CacheFile } from './cache-file.ts';

/** Who is told how the rules fare. */
export interface FlagsListener {
  /** The rules are the newest again. */
  ready(): void;
  /** The rules may be old; they stay in force. */
  stale(message: string): void;
  /** These flags were added, removed or changed. */
  changed(flagKeys: readonly string[]): void;
}

/** The key of OpenTelemetry's core package: nothing that runs under it creates spans. */
const suppressed = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** How long a start waits for the newest rules where the cache has others, in milliseconds. */
const patienceMs = 50;

/** The compiled rules of one source, swapped whole: an evaluation sees the old set or the new one. */
export class LiveFlags {
  readonly #source: FlagSource;
  readonly #cache: CacheFile | undefined;
  readonly #listener: FlagsListener;
  #flags: FlagSet | undefined;
  #revision = '';
  #state: 'empty' | 'live' | 'stale' = 'empty';
  #trouble = 'the source has not answered yet';
  #onFirst: (() => void) | undefined;
  #opened = false;

  constructor(source: FlagSource, cache: CacheFile | undefined, listener: FlagsListener) {
    this.#source = source;
    this.#cache = cache;
    this.#listener = listener;
  }

  /** Undefined until there were any. */
  get flags(): FlagSet | undefined {
    return this.#flags;
  }

  /** Which rules these are, as their source names them. */
  get revision(): string {
    return this.#revision;
  }

  /** What went wrong last. */
  get trouble(): string {
    return this.#trouble;
  }

  /**
   * Resolves when there are rules: the newest, or the cached ones where the source is out of reach.
   * @throws {Error} when there are none after `timeoutMs`; the source goes on trying, and the listener hears of it.
   */
  async open(timeoutMs: number): Promise<void> {
    let late: NodeJS.Timeout | undefined;
    const first = new Promise<void>((resolve, reject) => {
      this.#onFirst = resolve;
      late = setTimeout(() => {
        const remedy = this.#cache ? '' : ', or set cacheFile, so that a start can do with the last rules';
        reject(
          new Error(
            `no flags after ${timeoutMs} ms: ${this.#trouble}. ` +
              `Catch this to start on the code's defaults until there are flags${remedy}`,
          ),
        );
      }, timeoutMs);
    });
    // A source belongs to no request, and the span of a stream would never end.
    context.with(ROOT_CONTEXT.setValue(suppressed, true), () => this.#source.start(this.#sink()));
    // A server that hangs says nothing, not even that it is out of reach.
    const impatient = setTimeout(() => this.#makeDo(), patienceMs);
    try {
      await first;
    } finally {
      clearTimeout(late);
      clearTimeout(impatient);
      this.#opened = true;
    }
    // Whoever waits for this goes on believing that all is well, so the bad news must come after it.
    if (this.#state === 'stale')
      setImmediate(() => this.#state === 'stale' && this.#listener.stale(this.#trouble));
  }

  async close(): Promise<void> {
    this.#source.close();
    await this.#cache?.settled();
  }

  #sink(): FlagSink {
    return {
      update: (document, revision) => {
        const taken = this.#take(document, revision);
        if (taken) this.#cache?.save({ document, revision });
        return taken;
      },
      live: () => {
        if (this.#flags) this.#become('live');
      },
      stale: (message) => {
        this.#trouble = message;
        this.#makeDo();
      },
    };
  }

  /** Rules that can't be read leave the last good ones in force. */
  #take(document: unknown, revision: string): boolean {
    const before = this.#flags;
    let next: FlagSet;
    try {
      next = compileFlags(document, { previous: before });
    } catch (error) {
      this.#trouble = `its flags can't be read: ${(error as Error).message}`;
      if (before) this.#become('stale');
      return false;
    }
    this.#flags = next;
    this.#revision = revision;
    const changed = before ? changedFlags(before, next) : [];
    if (changed.length > 0 && this.#opened) this.#listener.changed(changed);
    return true;
  }

  /** Goes on with the rules that there are, or with those of the cache. */
  #makeDo(): void {
    const cached = this.#flags ? undefined : this.#cache?.load();
    if (cached) this.#take(cached.document, cached.revision);
    if (this.#flags) this.#become('stale');
  }

  #become(state: 'live' | 'stale'): void {
    const before = this.#state;
    this.#state = state;
    this.#onFirst?.();
    if (!this.#opened || before === state) return;
    if (state === 'live') this.#listener.ready();
    else this.#listener.stale(this.#trouble);
  }
}
