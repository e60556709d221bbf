import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { context } from '@opentelemetry/api';
import { bindEmitter } from '../../../request/bind-emitter.ts';
import { getCell } from '../../../request/context.ts';
import { closeOne, findRequest, type TrackedRequest } from './tracked-request.ts';

type Emit<Owner> = (this: Owner, type: string | symbol, ...args: unknown[]) => boolean;

/**
 * Hooks `emit` on `owner` (a request, a response, or a prototype shared by many) so that all events
 * run in the OTel context of their request: Node emits those of a body in the context of the
 * connection. `emit` is one method that costs a request nothing where it is on a prototype; to wrap
 * each listener costs every request every listener.
 */
export function hookEvents<Owner extends EventEmitter>(
  owner: Owner,
  requestOf: (emitter: Owner) => IncomingMessage | undefined,
): void {
  const own: { emit: Emit<Owner> } = owner;
  const { emit } = own;
  own.emit = function (type, ...args) {
    const request = requestOf(this);
    const tracked = request && findRequest(request);
    if (tracked === undefined) return emit.call(this, type, ...args);
    if (type === 'close') closeOne(tracked, this);
    // Code of the request that emits by itself, in a span for example, keeps its own OTel context.
    return getCell(context.active()) === tracked.cell || this.listenerCount(type) === 0
      ? emit.call(this, type, ...args)
      : context.with(tracked.otelContext, emit, this, type, ...args);
  };
}

/**
 * Binds a request and its response anew if instrumentation has bound them to an OTel context
 * without the request's cell, as OpenTelemetry's does under another propagator than ours: its
 * listeners leave the context of `emit`.
 */
export function bindAgain(request: IncomingMessage, response: ServerResponse, tracked: TrackedRequest): void {
  for (const emitter of [request, response]) {
    if (Object.hasOwn(emitter, 'addListener')) bindEmitter(tracked.otelContext, emitter);
  }
}
