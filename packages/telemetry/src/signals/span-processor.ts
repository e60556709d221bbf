import { baseline } from '@graylane/baggage';
import { SpanKind, trace, type Attributes, type Context } from '@opentelemetry/api';
import { requestLog, type RequestLog } from '../requests/request-log.ts';
import { OpenSpan, type SdkSpan } from './open-span.ts';
import {
  isContext,
  requestOf,
  signalAttributes,
  type RequestOfSignal,
  type SignalAttributeOptions,
} from '../lanes/lane-of.ts';

/**
 * A span that has ended: `setAttribute` has no effect any more, but exporters read this object.
 */
interface EndedSpan {
  readonly attributes: Attributes;
}

/** A property of the span: a weak map of all spans would cost the garbage collector more. */
const openKey = Symbol('graylane open span');

interface Holder {
  [openKey]?: OpenSpan | undefined;
}

const failed = 2;

/**
 * Writes the lane, tags and allowed baggage on each span when it ends: a request that is dyed in
 * the edge itself shows its lane on the span that was there before. Implements the span processor
 * of SDK 2.x and 3.x.
 */
export class LaneSpanProcessor {
  readonly #keys: readonly string[];
  readonly #log: RequestLog = requestLog();

  constructor({ baggage = [] }: SignalAttributeOptions = {}) {
    this.#keys = baggage;
  }

  onStart(span: SdkSpan, parentContext: Context): void {
    if (!span.isRecording()) return;
    const request = requestOf(parentContext);
    const isServed = span.kind === SpanKind.SERVER || span.kind === SpanKind.CONSUMER;
    const open = new OpenSpan(span, request, isServed);
    (span as Holder)[openKey] = open;
    adoptForParent(parentContext, request);
    if (isServed) open.entry = this.#log.open(open);
  }

  /** Both SDK lines call this while the span still takes attributes. */
  onEnding(span: SdkSpan): void {
    const open = taken(span);
    if (open === undefined) return;
    span.setAttributes(this.#attributesOf(open));
    if (open.entry) this.#log.close(open.entry, span.status?.code === failed);
  }

  /** For an SDK without `onEnding`. Its processor must come before the exporting one. */
  onEnd(span: EndedSpan): void {
    const open = taken(span);
    if (open === undefined) return;
    Object.assign(span.attributes, this.#attributesOf(open));
    if (open.entry) this.#log.close(open.entry);
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  #attributesOf({ request, isServed }: OpenSpan): Attributes {
    const attributes = signalAttributes(request, this.#keys);
    addDecisions(attributes, request, isServed);
    return attributes;
  }
}

/** Ends the state of a span, so that the second of two hooks finds none. */
function taken(span: object): OpenSpan | undefined {
  const open = (span as Holder)[openKey];
  if (open) (span as Holder)[openKey] = undefined;
  return open;
}

/** Sets the request of an open span, if it began in no request or in that of a batch. */
export function setRequestOf(span: object, request: RequestOfSignal): void {
  const open = (span as Holder)[openKey];
  if (open) open.request = request;
}

/**
 * Adds the decisions about a request, for the flag server's map: its pins, e.g. `fees=on`, and
 * whether the service that got the request has dyed it.
 */
function addDecisions(attributes: Attributes, request: RequestOfSignal, isServed: boolean): void {
  if (isContext(request)) return;
  const { pins, decision } = request;
  if (pins.size > 0)
    attributes['graylane.pins'] = Array.from(pins, ([key, { variant }]) => `${key}=${variant}`);
  const isDecided = isServed && decision !== undefined && decision.by !== 'ingress';
  if (isDecided && request.lane !== baseline) attributes['graylane.dyed'] = true;
}

/**
 * Where the global propagator is not ours, the middleware makes the request's cell when the server
 * span has begun. An inner span brings both together.
 */
function adoptForParent(parentContext: Context, request: RequestOfSignal): void {
  if (isContext(request)) return;
  const parent = trace.getSpan(parentContext) as Holder | undefined;
  const open = parent?.[openKey];
  if (open && isContext(open.request)) open.request = request;
}
