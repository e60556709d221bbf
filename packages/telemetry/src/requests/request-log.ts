import { processWide } from '../process-wide.ts';
import { Slowest } from './slowest.ts';

/**
 * The description of a request. Lane and route are functions, because a dye and a match can come
 * after the start.
 */
export interface ObservedRequest {
  /** `http`, `rpc`, `messaging` or another word for the protocol. */
  readonly protocol: string;
  /** The method of HTTP; for others the kind of work, e.g. `process`. */
  readonly method?: string | undefined;
  /**
   * The matched template, the RPC method or the topic. Never the raw path: it may hold personal
   * data.
   */
  route(): string | undefined;
  lane(): string;
  /** 32 hexadecimal digits. Absent without a tracer. */
  readonly traceId?: string | undefined;
}

/** A request in flight, as `/debug/requests` shows it. */
export interface RequestInFlight {
  readonly protocol: string;
  /** The method of HTTP; for others the kind of work. Absent if there is none. */
  readonly method?: string;
  /** The matched template. Absent before a route has matched. */
  readonly route?: string;
  readonly lane: string;
  /** Milliseconds since the start. */
  readonly ageMs: number;
  /** 32 hexadecimal digits. Absent without a tracer. */
  readonly traceId?: string;
}

/** A request that has ended, as `/debug/slowest` shows it. */
export interface FinishedRequest extends Omit<RequestInFlight, 'ageMs'> {
  /** ISO 8601. */
  readonly time: string;
  /** Milliseconds from start to end. */
  readonly durationMs: number;
  readonly failed: boolean;
}

/** Ends the observation of a request. A second call does nothing. */
export type EndRequest = (hasFailed?: boolean) => void;

/** A request in flight, and its place among them. */
export interface OpenRequest {
  readonly request: ObservedRequest;
  /** On the clock of `performance.now()`, in milliseconds. */
  readonly startedAt: number;
  /** Its place among the requests in flight; -1 once it has ended. */
  index: number;
}

const closed = -1;
const mostInFlight = 10_000;
const mostRoutes = 500;

/**
 * The requests in flight and the slowest ones. Span processors and middleware report to it. It
 * follows at most 10,000 requests at a time and only counts the others.
 */
export class RequestLog {
  /**
   * In no order. A map would grow and shrink with the requests in flight, which costs more than all
   * else that is done here.
   */
  readonly #inFlight: OpenRequest[] = [];
  readonly #slowest = new Slowest();
  /** The methods of each route. */
  readonly #routes = new Map<string, Set<string>>();
  #notFollowed = 0;

  /** Begins the observation of a request, and returns the function that ends it. */
  start(request: ObservedRequest): EndRequest {
    const open = this.open(request);
    return (hasFailed = false) => {
      if (open) this.close(open, hasFailed);
    };
  }

  /** Begins the observation of a request; undefined if there are too many to follow it. */
  open(request: ObservedRequest): OpenRequest | undefined {
    const index = this.#inFlight.length;
    if (index >= mostInFlight) {
      this.#notFollowed++;
      return undefined;
    }
    const open = { request, startedAt: performance.now(), index };
    this.#inFlight.push(open);
    return open;
  }

  /** Ends the observation of a request. A second call does nothing. */
  close(open: OpenRequest, hasFailed = false): void {
    if (open.index === closed) return;
    this.#remove(open);
    const { request, startedAt } = open;
    const now = performance.now();
    const durationMs = now - startedAt;
    const lane = request.lane();
    this.#remember(request);
    // Most requests are not among the slowest, and cost no more than this check.
    if (!this.#slowest.accepts(lane, durationMs, now)) return;
    const time = new Date().toISOString();
    this.#slowest.add({ time, ...factsOf(request), durationMs: round(durationMs), failed: hasFailed });
  }

  /** The oldest first. */
  inFlight(limit = 1000): {
    readonly total: number;
    readonly notFollowed: number;
    readonly requests: RequestInFlight[];
  } {
    const now = performance.now();
    const requests = this.#inFlight
      .toSorted((one, other) => one.startedAt - other.startedAt)
      .slice(0, limit)
      .map(({ request, startedAt }) => ({ ...factsOf(request), ageMs: round(now - startedAt) }));
    return { total: this.#inFlight.length, notFollowed: this.#notFollowed, requests };
  }

  /** The slowest requests of each lane in the last five to ten minutes. */
  slowest(): Record<string, readonly FinishedRequest[]> {
    return this.#slowest.toJson();
  }

  /** Routes that have served traffic, e.g. `GET /orders/:id`; at most 500. */
  routes(): readonly string[] {
    const routes = [...this.#routes].flatMap(([route, methods]) =>
      [...methods].map((method) => (method === '' ? route : `${method} ${route}`)),
    );
    return routes.toSorted();
  }

  /** The last one takes the place of the one that is removed. */
  #remove(open: OpenRequest): void {
    const last = this.#inFlight.pop();
    if (last !== undefined && last !== open) {
      last.index = open.index;
      this.#inFlight[open.index] = last;
    }
    open.index = closed;
  }

  #remember(request: ObservedRequest): void {
    const route = request.route();
    if (route === undefined) return;
    const methods = this.#routes.get(route);
    if (methods) methods.add(request.method ?? '');
    else if (this.#routes.size < mostRoutes) this.#routes.set(route, new Set([request.method ?? '']));
  }
}

/** The log of this process. */
export function requestLog(): RequestLog {
  return processWide('requests', () => new RequestLog());
}

function factsOf(request: ObservedRequest): Omit<RequestInFlight, 'ageMs'> {
  const { protocol, method, traceId } = request;
  const route = request.route();
  return {
    protocol,
    ...(method === undefined ? {} : { method }),
    ...(route === undefined ? {} : { route }),
    lane: request.lane(),
    ...(traceId === undefined ? {} : { traceId }),
  };
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
