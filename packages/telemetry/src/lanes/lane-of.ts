import { getCell, getLane, type RequestCell } from '@graylane/baggage';
import { propagation, type Attributes, type Context } from '@opentelemetry/api';
import { tagsOf } from '../tags/request-tags.ts';

/** The baggage that signals may show. */
export interface SignalAttributeOptions {
  /** The baggage keys that spans and log records show under their own name. Default: none. */
  readonly baggage?: readonly string[];
}

/**
 * The request of an OTel context: its cell, if it has one, so that later decisions are seen, too.
 */
export type RequestOfSignal = RequestCell | Context;

/** The cell of an OTel context, or else the context itself. */
export function requestOf(otelContext: Context): RequestOfSignal {
  return getCell(otelContext) ?? otelContext;
}

/** The lane as it is now; `baseline` if the request is undyed or no request is active. */
export function laneOf(request: RequestOfSignal): string {
  return isContext(request) ? getLane(request) : request.lane;
}

/**
 * The attributes of a span or a log record as they are now: lane, tags, and the baggage that is
 * allowed.
 */
export function signalAttributes(request: RequestOfSignal, keys: readonly string[]): Attributes {
  const attributes: Attributes = { lane: laneOf(request) };
  const baggage = isContext(request) ? propagation.getBaggage(request) : request.baggage;
  for (const key of keys) {
    const value = baggage?.getEntry(key)?.value;
    if (value !== undefined) attributes[key] = value;
  }
  return isContext(request) ? attributes : Object.assign(attributes, tagsOf(request));
}

/** Whether a request has no cell. */
export function isContext(request: RequestOfSignal): request is Context {
  return 'getValue' in request;
}
