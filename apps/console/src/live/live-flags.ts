import { applyFlagChanges, compileFlags, type FlagChanges, type FlagSet } from '@graylane/flags';
import { batch, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { ApiError } from '../api/request.ts';
import { readEvents, type StreamEvent } from './read-events.ts';

/** How far the page follows the server. */
export type Connection =
  | { readonly state: 'connecting' | 'live' }
  | { readonly state: 'stale'; readonly since: number; readonly because: string }
  | { readonly state: 'refused'; readonly because: string; readonly status: number };

const heartbeatSeconds = 5;
const maxPauseMs = 10_000;

/** The flags of one environment, kept up to date by the change stream. */
export class LiveFlags {
  readonly environment: string;
  readonly #flags: Signal<FlagSet | undefined> = signal(undefined);
  readonly #revision: Signal<string | undefined> = signal(undefined);
  readonly #connection: Signal<Connection> = signal({ state: 'connecting' });
  readonly #abort = new AbortController();
  #pending: FlagChanges[] = [];
  #newest: string | undefined;
  #frame = 0;
  /** Ends the pause before the next attempt. */
  #hurry: () => void = () => undefined;

  constructor(environment: string) {
    this.environment = environment;
    void this.#follow();
  }

  /** Undefined until the first snapshot. */
  get flags(): ReadonlySignal<FlagSet | undefined> {
    return this.#flags;
  }

  get revision(): ReadonlySignal<string | undefined> {
    return this.#revision;
  }

  get connection(): ReadonlySignal<Connection> {
    return this.#connection;
  }

  /** Tries again now instead of after the pause. */
  retry(): void {
    this.#hurry();
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#abort.abort();
    this.#hurry();
  }

  async #follow(): Promise<void> {
    let pauseMs = 500;
    while (!this.#abort.signal.aborted) {
      let because = 'The server closed the stream.';
      try {
        const { environment } = this;
        const options = { environment, heartbeatSeconds, lastEventId: this.#newest };
        for await (const event of readEvents(options, this.#abort.signal)) {
          pauseMs = 500;
          this.#take(event);
        }
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        because = (error as Error).message;
        if (error instanceof ApiError && [401, 403, 404].includes(error.status)) {
          this.#connection.value = { state: 'refused', because, status: error.status };
        }
      }
      if (this.#abort.signal.aborted) return;
      this.#goStale(because);
      await this.#pause(pauseMs);
      pauseMs = Math.min(maxPauseMs, pauseMs * 2);
    }
  }

  #take(event: StreamEvent): void {
    if (this.#connection.peek().state !== 'live') this.#connection.value = { state: 'live' };
    if (event.name === 'snapshot') {
      this.#pending = [];
      this.#newest = event.data.revision;
      batch(() => {
        this.#flags.value = compileFlags(event.data.document);
        this.#revision.value = event.data.revision;
      });
    } else if (event.name === 'delta') {
      this.#pending.push(event.data);
      this.#newest = event.data.revision;
      this.#schedule();
    }
  }

  /** Many changes a second are drawn once a frame; a tab in the background has no frames. */
  #schedule(): void {
    if (this.#frame !== 0) return;
    if (document.visibilityState === 'hidden') this.#apply();
    else this.#frame = requestAnimationFrame(() => this.#apply());
  }

  #apply(): void {
    this.#frame = 0;
    const before = this.#flags.peek();
    if (before === undefined) return;
    const flags = this.#pending.reduce<FlagSet>((set, changes) => applyFlagChanges(set, changes), before);
    this.#pending = [];
    batch(() => {
      this.#flags.value = flags;
      this.#revision.value = this.#newest;
    });
  }

  #goStale(because: string): void {
    const { state } = this.#connection.peek();
    if (state === 'refused' || state === 'stale') return;
    this.#connection.value = { state: 'stale', since: Date.now(), because };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms * (0.75 + Math.random() / 2));
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
