import { setKilledLanes } from '@graylane/baggage';
import { applyFlagChangesInSteps, changedFlags, compileFlags, type FlagSet } from '@graylane/flags';
import { applyDelta, runInSlices, type Delta, type FlagSink, type FlagSource } from '@graylane/source';
import { ProviderFatalError } from '@openfeature/server-sdk';
import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import type { CacheFile } from './cache-file.ts';
import { startDeadline } from './deadline.ts';
import type { StateLog } from './state-log.ts';

/** Receives the changes of the flags' state, once the flags are open. */
export interface FlagsListener {
  /** The flags are the newest again. */
  ready(): void;
  /** The flags may be old; they stay in force. */
  stale(message: string): void;
  /** These flags were added, removed or changed. */
  changed(flagKeys: readonly string[]): void;
}

/** The cache, the listener and the log of live flags. */
export interface LiveFlagsOptions {
  readonly cache: CacheFile | undefined;
  readonly listener: FlagsListener;
  readonly log: StateLog;
}

/** The key of OpenTelemetry's core package: nothing that runs under it creates spans. */
const suppressed = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** How long a start waits for the newest flags if the cache has others, in milliseconds. */
const patienceMs = 50;

const none = compileFlags({ flags: {} });

/** The compiled flags of one source. They are replaced as a whole: an evaluation sees one set. */
export class LiveFlags {
  readonly #source: FlagSource;
  readonly #cache: CacheFile | undefined;
  readonly #listener: FlagsListener;
  readonly #log: StateLog;
  readonly #starts = new Set<PendingStart>();
  #flags: FlagSet | undefined;
  /** For the cache: the document with its flags left out. */
  #rest: object = {};
  #revision = '';
  #state: 'new' | 'started' | 'live' | 'stale' | 'closed' = 'new';
  #trouble = 'the source has not responded yet';
  #opened = false;

  constructor(source: FlagSource, { cache, listener, log }: LiveFlagsOptions) {
    this.#source = source;
    this.#cache = cache;
    this.#listener = listener;
    this.#log = log;
  }

  /** Undefined before the first flags. */
  get flags(): FlagSet | undefined {
    return this.#flags;
  }

  /** The source's name for the state of the flags; empty before the first ones. */
  get revision(): string {
    return this.#revision;
  }

  /** The message of the last failure. */
  get trouble(): string {
    return this.#trouble;
  }

  /**
   * Resolves when there are flags: the newest, or those of the cache if the source can't be
   * reached. Call it again to wait again.
   * @throws {ProviderFatalError} if the source refuses this client and there are no flags.
   * @throws {Error} if there are no flags after `timeoutMs`, or the flags are closed. The source
   * retries until it is closed, and notifies the listener.
   */
  async open(timeoutMs: number): Promise<void> {
    try {
      if (this.#flags === undefined) await this.#first(timeoutMs);
    } finally {
      this.#opened = true;
    }
    // OpenFeature sets the status to READY when this resolves, so the bad news must follow.
    if (this.#state === 'stale') {
      setImmediate(() => this.#state === 'stale' && this.#listener.stale(this.#trouble));
    }
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    setKilledLanes(this, []);
    this.#source.close();
    this.#failStarts(new Error('the provider was closed before it had flags'));
    await this.#cache?.settled();
  }

  async #first(timeoutMs: number): Promise<void> {
    let start: PendingStart | undefined;
    const first = new Promise<void>((resolve, reject) => (start = { resolve, reject }));
    if (start !== undefined) this.#starts.add(start);
    const cancel = startDeadline(timeoutMs, () => start?.reject(this.#startFailure(timeoutMs)));
    // A server that hangs reports nothing, not even that it is out of reach.
    const impatient = setTimeout(() => this.#makeDo(), patienceMs);
    try {
      this.#start();
      await first;
    } finally {
      cancel();
      clearTimeout(impatient);
      if (start !== undefined) this.#starts.delete(start);
    }
  }

  #start(): void {
    if (this.#state === 'closed') this.#failStarts(new Error('the provider is closed'));
    if (this.#state !== 'new') return;
    this.#state = 'started';
    // A source belongs to no request, and the span of a stream would never end.
    context.with(ROOT_CONTEXT.setValue(suppressed, true), () => this.#source.start(this.#sink()));
  }

  #startFailure(timeoutMs: number): Error {
    const remedy = this.#cache ? '' : ', or set cacheFile, so that a start can use the last flags';
    return new Error(
      `no flags after ${timeoutMs} ms: ${this.#trouble}. ` +
        `Catch this to start on the code's defaults until there are flags${remedy}`,
    );
  }

  #sink(): FlagSink {
    const unlessClosed = (act: () => boolean): boolean => this.#state !== 'closed' && act();
    return {
      update: (document, revision) => unlessClosed(() => this.#update(document, revision)),
      change: (delta, revision) => this.#state !== 'closed' && this.#change(delta, revision),
      live: () => void unlessClosed(() => this.#become('live')),
      stale: (message) => void unlessClosed(() => this.#complain(message, 'warn')),
      refused: (message) => {
        unlessClosed(() => this.#complain(message, 'error'));
        if (this.#flags === undefined) this.#failStarts(new ProviderFatalError(message));
      },
    };
  }

  #update(document: unknown, revision: string): boolean {
    if (!this.#take((previous) => compileFlags(document, { previous }), revision)) return false;
    this.#save(() => ({ ...(typeof document === 'string' ? JSON.parse(document) : document), flags: {} }));
    return true;
  }

  /** Evaluations use the flags before the change until all of it is compiled. */
  #change(delta: Delta, revision: string): boolean | Promise<boolean> {
    const before = this.#flags;
    const finish = (next: FlagSet): boolean => {
      // The flags were closed, or opened again with others, while the change was compiled.
      if (this.#state === 'closed' || this.#flags !== before) return false;
      this.#putInForce(next, revision);
      this.#save(() => applyDelta(this.#rest, { ...delta, flags: {} }));
      return true;
    };
    let next: FlagSet | Promise<FlagSet>;
    try {
      next = runInSlices(applyFlagChangesInSteps(before ?? none, delta));
    } catch (error) {
      return this.#reject(error);
    }
    return next instanceof Promise
      ? next.then(finish, (error: unknown) => this.#reject(error))
      : finish(next);
  }

  /**
   * The cost of a change is that of its flags, so all of them are read only when the file is
   * written.
   */
  #save(rest: () => object): void {
    if (this.#cache === undefined) return;
    this.#rest = rest();
    this.#cache.save(() => ({ flags: this.#flags ?? none, rest: this.#rest, revision: this.#revision }));
  }

  /** Flags that can't be read leave the last good ones in force. */
  #take(compile: (previous: FlagSet | undefined) => FlagSet, revision: string): boolean {
    let next: FlagSet;
    try {
      next = compile(this.#flags);
    } catch (error) {
      return this.#reject(error);
    }
    this.#putInForce(next, revision);
    return true;
  }

  #reject(error: unknown): false {
    this.#complain(`its flags can't be read: ${(error as Error).message}`, 'warn');
    return false;
  }

  #putInForce(next: FlagSet, revision: string): void {
    const before = this.#flags;
    this.#flags = next;
    if (next.killed !== before?.killed) setKilledLanes(this, next.killed.lanes);
    this.#revision = revision;
    const changed = before ? changedFlags(before, next) : [];
    if (changed.length > 0 && this.#opened) {
      this.#log.changed(changed, revision);
      this.#listener.changed(changed);
    }
  }

  #complain(message: string, level: 'error' | 'warn'): boolean {
    this.#trouble = message;
    this.#log.trouble(message, level);
    this.#makeDo();
    return true;
  }

  /** Continues with the flags that there are, or with those of the cache. */
  #makeDo(): void {
    const cached = this.#flags ? undefined : this.#cache?.load();
    if (cached && this.#take(() => compileFlags(cached.document), cached.revision)) {
      this.#log.trouble(`starting on the cached flags of revision ${cached.revision}: ${this.#trouble}`);
    }
    this.#become('stale');
  }

  /** Without flags there is no state yet. */
  #become(state: 'live' | 'stale'): boolean {
    const before = this.#state;
    if (this.#flags === undefined || before === state) return false;
    this.#state = state;
    if (state === 'live') this.#log.ready(this.#revision);
    for (const start of this.#starts) start.resolve();
    if (!this.#opened) return true;
    if (state === 'live') this.#listener.ready();
    else this.#listener.stale(this.#trouble);
    return true;
  }

  #failStarts(error: Error): void {
    for (const start of this.#starts) start.reject(error);
  }
}

/** A call of `open` that waits for the first flags. */
interface PendingStart {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}
