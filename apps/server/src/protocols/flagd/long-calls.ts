import { Code, ConnectError } from '@connectrpc/connect';
import type { Clients } from '../../clients/clients.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Environments } from '../../store/environments.ts';
import type { StreamMetrics, StreamProtocol } from '../../metrics/stream-metrics.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import type { Principal } from '../../tokens/principal.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { Notifier } from './notifier.ts';

/** How often a call without news sends a sign of life: flagd's own period. */
const keepAliveMs = 20_000;

/** The calls that may be open at a time, on all connections together. */
const maxCalls = 10_000;

/** A call that stays open until the client or the server ends it. */
export class LongCall {
  readonly notifier: Notifier = new Notifier();
  /** The environment that it follows; undefined follows all of them. */
  readonly store: FlagStore | undefined;
  readonly principal: Principal;
  /** Whether it is time for a sign of life. */
  keepAliveDue = false;
  /** Why the call must end. */
  end: ConnectError | undefined;

  constructor(store: FlagStore | undefined, principal: Principal) {
    this.store = store;
    this.principal = principal;
  }
}

/** The parts that the calls work with. */
export interface LongCallsOptions {
  readonly environments: Environments;
  readonly clients: Clients;
  readonly tokens: Tokens;
  readonly metrics: StreamMetrics;
}

/**
 * The open calls. The server ends them with an error and never in good order: flagd's providers
 * reconnect after an error, and some of them wait forever after a stream that ended well.
 */
export class LongCalls {
  readonly #open = new Set<LongCall>();
  readonly #tokens: Tokens;
  readonly #clients: Clients;
  readonly #metrics: StreamMetrics;
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  #stopped = false;

  constructor({ environments, clients, tokens, metrics }: LongCallsOptions) {
    this.#clients = clients;
    this.#tokens = tokens;
    this.#metrics = metrics;
    tokens.onChange(() => {
      for (const call of this.#open) if (!tokens.admits(call.principal)) this.#end(call, noLongerValid());
    });
    this.#unsubscribe = environments.onRemove((name, store) => {
      const removed = new ConnectError(`the environment "${name}" has been removed`, Code.NotFound);
      for (const call of this.#open) if (call.store === store) this.#end(call, removed);
    });
    // One timer for all calls.
    this.#timer = setInterval(() => {
      for (const call of this.#open) {
        call.keepAliveDue = true;
        call.notifier.notify();
      }
    }, keepAliveMs);
    this.#timer.unref();
  }

  /**
   * Begins a call; the caller calls `done` when it has ended.
   * @throws {RequestError} `no_room` if too many are open.
   */
  begin(
    protocol: StreamProtocol,
    store: FlagStore | undefined,
    principal: Principal,
    signal: AbortSignal,
  ): { call: LongCall; done: () => void } {
    if (this.#open.size >= maxCalls) {
      throw new RequestError('no_room', `too many streams: ${maxCalls} are open`);
    }
    const call = new LongCall(store, principal);
    if (this.#stopped) call.end = shuttingDown();
    else if (!this.#tokens.admits(principal)) call.end = noLongerValid();
    this.#open.add(call);
    this.#metrics.opened(protocol);
    const disconnect = store && this.#clients.connect(store, 'flagd');
    const wake = (): void => call.notifier.notify();
    signal.addEventListener('abort', wake);
    const done = (): void => {
      signal.removeEventListener('abort', wake);
      if (!this.#open.delete(call)) return;
      this.#metrics.closed(protocol);
      disconnect?.();
    };
    return { call, done };
  }

  close(): void {
    this.#stopped = true;
    this.#unsubscribe();
    clearInterval(this.#timer);
    for (const call of this.#open) this.#end(call, shuttingDown());
  }

  #end(call: LongCall, reason: ConnectError): void {
    call.end = reason;
    call.notifier.notify();
  }
}

function noLongerValid(): ConnectError {
  return new ConnectError('the token of this call is no longer valid', Code.Unauthenticated);
}

function shuttingDown(): ConnectError {
  return new ConnectError('the flag server is shutting down: reconnect', Code.Unavailable);
}
