import type { IncomingMessage } from 'node:http';
import { context, type Context } from '@opentelemetry/api';
import { admitted } from '../admit.ts';
import { ensureContextManager } from '../context-manager.ts';
import type { IngressPolicy } from '../policy.ts';
import { RequestCell } from '../request-cell.ts';
import { getCell, withCell } from '../request-context.ts';
import { W3cBaggage } from '../w3c-baggage.ts';

/** The cells of the requests that have passed a middleware, which owns them. */
const cells = new WeakMap<IncomingMessage, RequestCell>();
const owned = new WeakSet<RequestCell>();

/**
 * The cell of an HTTP request, with what the policy lets in, and the OTel context it runs in. Where OpenTelemetry has extracted the
 * request with our propagator, its cell is taken over, so that spans and metrics that began before see what is decided here.
 * A request keeps its cell: a second middleware finds what the first one left, whatever its own policy says.
 */
export function enterRequest(
  request: IncomingMessage,
  ingress: IngressPolicy,
): { cell: RequestCell; otelContext: Context } {
  ensureContextManager();
  const active = context.active();
  const known = cells.get(request);
  if (known)
    return { cell: known, otelContext: getCell(active) === known ? active : withCell(active, known) };
  const cell = unownedCell(active) ?? new RequestCell();
  cells.set(request, cell);
  owned.add(cell);
  cell.reset(
    ingress.mode === 'strip' && !request.headers['baggage']
      ? W3cBaggage.empty
      : admitted(baggageHeaders(request), ingress),
  );
  return { cell, otelContext: withCell(active, cell) };
}

/** The propagator's cell; not one of another request, in which this server was perhaps started. */
function unownedCell(otelContext: Context): RequestCell | undefined {
  const cell = getCell(otelContext);
  return cell && !owned.has(cell) ? cell : undefined;
}

/** Node joins repeated headers of this name with a comma, as W3C wants it. */
function baggageHeaders({ headers }: IncomingMessage): readonly string[] {
  const value = headers['baggage'];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
