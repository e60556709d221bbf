import process from 'node:process';
import { context } from '@opentelemetry/api';
import { allowedKeys, type EgressPolicy } from '../../../policy/egress.ts';
import { withoutBaggageTo } from '../../../request/hidden-baggage.ts';
import { overrideMethods } from '../../override-methods.ts';
import { reportUnverified } from '../../../policy/unverified.ts';
import { connectsAsNamed } from './agent-connection.ts';
import { checkedOptions } from './client-options.ts';
import { dispatchWithBaggage, type DispatchOptions } from './dispatch.ts';
import { sentHeaders } from './headers.ts';
import { reportRequest, statusAttributes } from './report-request.ts';
import { agentDestination } from './request-call.ts';
import { boundOrigin, judgingAgain, watchRequests } from './true-origin.ts';

type Fetch = typeof globalThis.fetch;

/** The egress policy, e.g. `{ to: { 'http://orders:8080': ['lane'] } }`. */
export interface BaggageFetchOptions {
  readonly egress: EgressPolicy;
  /**
   * The fetch to wrap. Default: the built-in one, whose redirects are judged by the origin of each.
   * Another one gets `redirect: 'manual'` for the destinations that the policy names, unless it was
   * to fail on redirects anyway: its redirects can't be judged.
   */
  readonly fetch?: Fetch;
  /**
   * Trusts the connections that the application's own code opens, an agent's or a dispatcher's, to
   * lead to the host that the request names. Default: no baggage is sent through one that may lead
   * elsewhere.
   */
  readonly trustConnectors?: boolean;
}

/**
 * The fetch below a wrapper of ours, so that the built-in one is recognized after `globalThis.fetch
 * = baggageFetch(…)`.
 */
const builtIns = new WeakMap<Fetch, Fetch>();

/**
 * `fetch` that sends what the active request may show each origin: one `baggage` header, or none. A
 * header that was there is replaced. The global `fetch` is the one of the time of this call, so the
 * result may be assigned to it.
 * @throws {TypeError} if the options can't work.
 */
export function baggageFetch(options: BaggageFetchOptions): Fetch {
  const checked = checkedOptions('baggageFetch', options, {
    fetch: 'function?',
    trustConnectors: 'boolean?',
  });
  const { fetch = globalThis.fetch } = checked;
  const builtIn = builtIns.get(fetch) ?? (fetch === globalThis.fetch ? fetch : undefined);
  // Outside of Node the global fetch has no dispatcher.
  if (builtIn === undefined || process.versions['undici'] === undefined) return wrapForeign(checked, fetch);
  const wrapped = wrapBuiltIn(checked, builtIn);
  builtIns.set(wrapped, builtIn);
  return wrapped;
}

interface Dispatcher {
  dispatch(options: DispatchOptions, handler: unknown): boolean;
}

function wrapBuiltIn({ egress, trustConnectors }: BaggageFetchOptions, builtIn: Fetch): Fetch {
  watchRequests();
  return (input, init) => {
    const dispatcher = dispatcherOf(init) ?? globalDispatcher();
    const caller = context.active();
    const judging = overrideMethods<Dispatcher>(dispatcher, {
      dispatch: (options, handler) =>
        dispatchWithBaggage(options, {
          caller,
          egress,
          destination: boundOrigin(dispatcher),
          trustConnectors,
          handler,
          dispatch: (copy, observed) => dispatcher.dispatch(copy, observed),
        }),
    });
    return builtIn(input, { ...init, dispatcher: judging } as RequestInit);
  };
}

function dispatcherOf(init: RequestInit | null | undefined): Dispatcher | undefined {
  const { dispatcher } = (init ?? {}) as { dispatcher?: unknown };
  return typeof dispatcher === 'object' && dispatcher !== null ? (dispatcher as Dispatcher) : undefined;
}

/**
 * Another implementation does not accept our `Request`, so it gets the caller's arguments with
 * other headers.
 */
function wrapForeign({ egress, trustConnectors = false }: BaggageFetchOptions, fetch: Fetch): Fetch {
  // It may be that of another version of undici.
  watchRequests();
  // Asynchronous, so that unreadable arguments reject, as they do in fetch.
  return async (input, init) => {
    const request = input instanceof Object && 'url' in input ? input : undefined;
    const url = request?.url ?? String(input);
    const active = context.active();
    const { destination, isBound } = foreignDestination(url, init, (named, agent) => {
      if (trustConnectors || connectsAsNamed(agent)) return named;
      if (named !== undefined) reportUnverified(active, egress, named);
      return undefined;
    });
    const headers = new Headers(init?.headers ?? request?.headers);
    const sent = sentHeaders(active, egress, destination);
    for (const [name, value] of sent) {
      if (value === undefined) headers.delete(name);
      else headers.set(name, value);
    }
    const copy: RequestInit = { ...init, headers };
    if (destination && allowedKeys(egress, destination))
      copy.redirect = (init?.redirect ?? request?.redirect) === 'error' ? 'error' : 'manual';
    const inside = withoutBaggageTo(active, destination);
    const baggage = sent.get('baggage');
    const judgement = { caller: active, egress, destination, baggage, isBound, trustConnectors };
    const otelContext =
      destination === undefined || sent.size === 0 ? inside : judgingAgain(inside, judgement);
    // Its response's end is unknown here, so the duration lasts until the headers have come.
    const report = reportRequest(active, {
      method: init?.method ?? request?.method,
      origin: URL.canParse(url) ? url : undefined,
    });
    if (report === undefined) return context.with(otelContext, () => fetch(input, copy));
    try {
      const response = await context.with(report.inside(otelContext), () => fetch(input, copy));
      report.end(statusAttributes(response.status));
      return response;
    } catch (error) {
      report.fail(error);
      throw error;
    }
  };
}

/**
 * The origin that another implementation connects to: undici's has dispatchers, node-fetch agents
 * of `node:http`, which `judgeAgent` judges.
 */
function foreignDestination(
  url: string,
  init: RequestInit | undefined,
  judgeAgent: (named: string | undefined, agent: unknown) => string | undefined,
): { readonly destination: string | undefined; readonly isBound: boolean } {
  if (!URL.canParse(url)) return { destination: undefined, isBound: false };
  const dispatcher = dispatcherOf(init);
  const bound = dispatcher && boundOrigin(dispatcher);
  if (bound !== undefined) return { destination: bound === 'none' ? undefined : bound, isBound: true };
  const { agent: given } = (init ?? {}) as { agent?: unknown };
  const target = new URL(url);
  const agent = typeof given === 'function' ? (given as (url: URL) => unknown)(target) : given;
  return { destination: judgeAgent(agentDestination(target, agent), agent), isBound: false };
}

/**
 * The dispatcher that the built-in fetch uses. It exists once undici is loaded, which the
 * construction of `Headers` causes. Since its eighth version it has a symbol of its own; the older
 * symbol holds a wrapper for others, without HTTP/2.
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
