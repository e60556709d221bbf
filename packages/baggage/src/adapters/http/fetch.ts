import process from 'node:process';
import { context } from '@opentelemetry/api';
import { allowedKeys, checkEgress, type EgressPolicy } from '../../policy/egress.ts';
import { withoutBaggageTo } from '../../request/hidden-baggage.ts';
import { dispatchWithBaggage, type DispatchOptions } from './dispatch.ts';
import { sentHeaders } from './headers.ts';
import { overriding } from '../override-methods.ts';

/** What may leave, and to which origins: `{ to: { 'http://orders:8080': ['lane'] } }`. */
export interface BaggageFetchOptions {
  readonly egress: EgressPolicy;
  /**
   * The fetch to wrap. Default: the built-in one, whose redirects are judged by the origin of each. Another one gets `redirect:
   * 'manual'` for the destinations that the policy names, unless it was to fail on redirects anyway: we could not see where it goes.
   */
  readonly fetch?: typeof globalThis.fetch;
}

/** `fetch` that sends what the active request may tell each origin: one `baggage` header, or none. A header that was there is replaced. */
export function baggageFetch({ egress, fetch }: BaggageFetchOptions): typeof globalThis.fetch {
  checkEgress(egress);
  return fetch === undefined || fetch === globalThis.fetch ? wrapBuiltIn(egress) : wrapForeign(egress, fetch);
}

interface Dispatcher {
  dispatch(options: DispatchOptions, handler: unknown): boolean;
}

function wrapBuiltIn(egress: EgressPolicy): typeof globalThis.fetch {
  return (input, init = {}) => {
    const { dispatcher = globalDispatcher() } = init as { dispatcher?: Dispatcher };
    const caller = context.active();
    const judging = overriding<Dispatcher>(dispatcher, {
      dispatch: (options, handler) =>
        dispatchWithBaggage(caller, options, egress, (copy) => dispatcher.dispatch(copy, handler)),
    });
    return globalThis.fetch(input, { ...init, dispatcher: judging } as RequestInit);
  };
}

/** Our `Request` is a stranger to another implementation, so it is handed what the caller gave, with other headers. */
function wrapForeign(egress: EgressPolicy, fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) => {
    const request = typeof input === 'object' && 'url' in input ? input : undefined;
    const destination = originOf(request?.url ?? String(input));
    const active = context.active();
    const headers = new Headers(init?.headers ?? request?.headers);
    for (const [name, value] of sentHeaders(active, egress, destination)) {
      if (value === undefined) headers.delete(name);
      else headers.set(name, value);
    }
    const copy: RequestInit = { ...init, headers };
    if (destination && allowedKeys(egress, destination))
      copy.redirect = (init?.redirect ?? request?.redirect) === 'error' ? 'error' : 'manual';
    return context.with(withoutBaggageTo(active, destination), () => fetch(input, copy));
  };
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

/**
 * What the built-in fetch dispatches through. It is there once undici is loaded, which making `Headers` brings about. Since its eighth
 * version it has a name of its own; under the older one stands a wrapper for others, without HTTP/2.
 */
function globalDispatcher(): Dispatcher {
  const version = Number.parseInt(process.versions['undici'] ?? '', 10) >= 8 ? 2 : 1;
  const symbol = Symbol.for(`undici.globalDispatcher.${version}`);
  const holder = globalThis as Record<symbol, Dispatcher | undefined>;
  if (holder[symbol] === undefined) Reflect.construct(Headers, []);
  const dispatcher = holder[symbol];
  if (dispatcher !== undefined) return dispatcher;
  throw new TypeError('this fetch is not built on undici: pass it to baggageFetch as `fetch`');
}
