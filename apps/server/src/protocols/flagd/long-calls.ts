import { Code, ConnectError } from '@connectrpc/connect';
import type { Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import { Bell } from './notifier.ts';

/** How often a call that has nothing to say gives a sign of life: flagd's own period. */
const keepAliveMs = 20_000;

/** One call that goes on until somebody ends it. */
export class LongCall {
  readonly bell: Bell = new Bell();
  /** The environment that it follows; none follows all of them. */
  readonly store: FlagStore | undefined;
  /** Whether it is time for a sign of life. */
  keepAliveDue = false;
  /** Why the call must end. */
  end: ConnectError | undefined;

  constructor(store: FlagStore | undefined) {
    this.store = store;
  }
}

/**
 * The calls that would go on for ever. The server ends them with an error, never in good order: flagd's providers come back after an
 * error, and some of them take a stream that ends well for one that has nothing new to say.
 */
export class LongCalls {
  readonly #open = new Set<LongCall>();
  readonly #timer: NodeJS.Timeout;
  readonly #forget: () => void;
  #stopped = false;

  constructor(environments: Environments) {
    this.#forget = environments.onRemove((name, store) => {
      const gone = new ConnectError(`the environment "${name}" has been removed`, Code.NotFound);
      for (const call of this.#open) if (call.store === store) this.#end(call, gone);
    });
    // One timer for all calls.
    this.#timer = setInterval(() => {
      for (const call of this.#open) {
        call.keepAliveDue = true;
        call.bell.ring();
      }
    }, keepAliveMs);
    this.#timer.unref();
  }

  /** Begins a call; `done` is for its end, whoever brings it about. */
  begin(store: FlagStore | undefined, signal: AbortSignal): { call: LongCall; done: () => void } {
    const call = new LongCall(store);
    if (this.#stopped) call.end = stopping();
    this.#open.add(call);
    const wake = (): void => call.bell.ring();
    signal.addEventListener('abort', wake);
    const done = (): void => {
      signal.removeEventListener('abort', wake);
      this.#open.delete(call);
    };
    return { call, done };
  }

  close(): void {
    this.#stopped = true;
    this.#forget();
    clearInterval(this.#timer);
    for (const call of this.#open) this.#end(call, stopping());
  }

  #end(call: LongCall, reason: ConnectError): void {
    call.end = reason;
    call.bell.ring();
  }
}

function stopping(): ConnectError {
  return new ConnectError('the flag server is stopping: come back', Code.Unavailable);
}
