import { createContextKey, type Context } from '@opentelemetry/api';
import { warnOnce } from './report.ts';

/** The durations of calls, by their names in OpenTelemetry's semantic conventions. */
export type CallKind =
  | 'http.client.request'
  | 'rpc.client.call'
  | 'rpc.server.call'
  | 'messaging.client.operation'
  | 'messaging.process';

/** Attributes of a call. Their values are bounded in number: no URL and no id is among them. */
export type CallAttributes = Readonly<Record<string, string | number>>;

/**
 * A call that begins: its kind, the OTel context of its request, and the attributes known so far.
 */
export interface Call {
  readonly kind: CallKind;
  readonly otelContext: Context;
  /** By the semantic conventions, e.g. `{ 'rpc.method': 'shop.Payments/Charge' }`. */
  readonly attributes: CallAttributes;
  /** The message that is processed, as the client gave it to the handler. */
  readonly message?: object | undefined;
}

/**
 * Ends a call, with the attributes that its end adds, e.g. `{ 'error.type': 'ECONNREFUSED' }`. A
 * second call does nothing.
 */
export type EndCall = (attributes?: CallAttributes) => void;

/**
 * Observes the calls of all adapters: they know the request of a call where OpenTelemetry's
 * instrumentations do not.
 */
export interface CallListener {
  start(call: Call): EndCall;
}

/** One for the process: its ESM and CommonJS copies of this package share it. */
const slot = Symbol.for('graylane.baggage.call-listener');
const holder = globalThis as { [slot]?: CallListener | undefined };

/**
 * Sets the listener of this process, or removes it. The last one set gets the calls that start from
 * then on. If it throws, the call goes on and the error is logged once.
 */
export function setCallListener(listener: CallListener | undefined): void {
  holder[slot] = listener;
}

const reportedKey = createContextKey('graylane reported call');

/**
 * The report of a call to the listener. Undefined without a listener, and for a call that an
 * adapter further out reports: adapters nest, and a call must be counted once.
 */
export function reportCall(
  kind: CallKind,
  otelContext: Context,
  destination: string | undefined,
): CallReport | undefined {
  const listener = holder[slot];
  if (listener === undefined) return undefined;
  const outer = otelContext.getValue(reportedKey) as CallReport | undefined;
  if (outer?.isOpen && outer.kind === kind && outer.destination === destination) return undefined;
  return new CallReport(listener, kind, otelContext, destination);
}

/** Reports one call: its start, and the first of its ends. Never throws. */
export class CallReport {
  readonly kind: CallKind;
  readonly destination: string | undefined;
  readonly #listener: CallListener;
  readonly #otelContext: Context;
  #end: EndCall | undefined;
  #isOpen = true;

  constructor(listener: CallListener, kind: CallKind, otelContext: Context, destination: string | undefined) {
    this.kind = kind;
    this.destination = destination;
    this.#listener = listener;
    this.#otelContext = otelContext;
  }

  /**
   * False once the call has ended. A pooled connection keeps the OTel context of the call that
   * opened it, and later calls in that context are calls of their own.
   */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The OTel context for the inside of the adapter, where the same call is not reported again. */
  inside(otelContext: Context): Context {
    return otelContext.setValue(reportedKey, this);
  }

  start(attributes: CallAttributes, message?: object): void {
    guarded(() => {
      const { kind } = this;
      this.#end = this.#listener.start({ kind, otelContext: this.#otelContext, attributes, message });
    });
  }

  end(attributes?: CallAttributes): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    guarded(() => this.#end?.(attributes));
  }

  /** Ends the call with an error, which code throws or a promise is rejected with. */
  fail(error: unknown): void {
    this.end({ 'error.type': errorType(error) });
  }

  /** Ends the call when `fn`, or the promise that it returns, ends. Returns what `fn` returns. */
  track<T>(fn: () => T): T {
    try {
      const result = fn();
      Promise.resolve(result).then(
        () => this.end(),
        (error: unknown) => this.fail(error),
      );
      return result;
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }
}

const code = /^[A-Z][A-Z0-9_]{0,63}$/;
const className = /^[A-Za-z]\w{0,63}$/;

/**
 * The `error.type` of an error: its code, e.g. `ECONNREFUSED`, or that of its cause, or else its
 * name. `_OTHER` for anything that could have any number of values.
 */
export function errorType(error: unknown): string {
  const { code: own, cause, name } = partsOf(error);
  const causes = partsOf(cause).code;
  for (const one of [own, causes]) if (typeof one === 'string' && code.test(one)) return one;
  return typeof name === 'string' && className.test(name) ? name : '_OTHER';
}

function partsOf(error: unknown): Partial<Record<'code' | 'cause' | 'name', unknown>> {
  return typeof error === 'object' && error !== null ? error : {};
}

function guarded(fn: () => void): void {
  try {
    fn();
  } catch (error) {
    warnOnce('call listener', () => `the call listener threw, and calls go on without it: ${String(error)}`);
  }
}
