import type { IncomingMessage, ServerResponse } from 'node:http';
import { context, type Context } from '@opentelemetry/api';
import { admitInto } from '../../policy/admit.ts';
import { ensureContextManager } from '../../request/context-manager.ts';
import { checkDye, dyeRequest, type Dye } from '../../policy/dye.ts';
import { checkIngress, type IngressPolicy } from '../../policy/ingress.ts';
import { RequestCell } from '../../request/cell.ts';
import { getCell, withCell } from '../../request/context.ts';
import { findRequest, keepRequest, type KnownRequest } from './tracked-request.ts';
import { tellBeforeHeaders, tellLane, type LaneResponseOptions } from './lane-response.ts';

/** What comes in with a request, who is dyed, and what responses say of it. */
export interface HttpRequestOptions<Request> extends LaneResponseOptions {
  /** Default: `{ mode: 'strip' }`, right at an edge. */
  readonly ingress?: IngressPolicy;
  /** The dye rule, at the edge. Default: requests keep the lane that they came with. */
  readonly dye?: Dye<Request>;
}

/**
 * What all HTTP servers do with a request: let in what the policy says, dye it, and call `next` in its OTel context. `hook` sees to it
 * that the response tells what it is to tell.
 * @throws {TypeError} at once, where the options can't work.
 */
export function requestRunner<Request extends IncomingMessage>(
  { ingress = { mode: 'strip' }, dye, ...responses }: HttpRequestOptions<Request>,
  hook: (response: ServerResponse) => void = tellBeforeHeaders,
): (request: Request, response: ServerResponse, next: () => void) => void {
  checkIngress(ingress);
  if (dye) checkDye(dye);
  const alias = ingress.mode === 'accept' ? ingress.laneHeader : undefined;
  const isBaseline = dye === undefined && ingress.mode === 'strip';
  const origin = dye ? 'dye' : { headers: alias ? ['Baggage', alias] : ['Baggage'] };
  return (request, response, next) => {
    ensureContextManager();
    const active = context.active();
    let known = findRequest(request);
    if (known === undefined) {
      known = enterRequest(request, active, ingress, alias);
      hook(response);
    }
    const { cell } = known;
    tellLane(known, isBaseline ? undefined : origin, responses);
    const otelContext = getCell(active) === cell ? active : withCell(active, cell);
    if (dye === undefined) context.with(otelContext, next);
    else context.with(otelContext, () => void dyeRequest(dye, request, cell).then(() => next()));
  };
}

/**
 * A request with what the policy lets in. Where OpenTelemetry has extracted the request with our propagator, its cell is taken over,
 * so that spans and metrics that began before see what is decided here. A request keeps its cell: a second middleware finds what the
 * first one left, whatever its own policy says.
 */
function enterRequest(
  request: IncomingMessage,
  active: Context,
  ingress: IngressPolicy,
  alias: string | undefined,
): KnownRequest {
  const cell = unownedCell(active) ?? new RequestCell();
  cell.isClaimed = true;
  const baggage = header(request, 'baggage');
  admitInto(cell, baggage ? [baggage] : [], ingress, alias && header(request, alias.toLowerCase()));
  return keepRequest(request, cell);
}

/** The propagator's cell; not one of another request, in which this server was perhaps started. */
function unownedCell(otelContext: Context): RequestCell | undefined {
  const cell = getCell(otelContext);
  return cell?.isClaimed ? undefined : cell;
}

/** Node joins repeated headers with a comma, as W3C wants it of `baggage`. */
function header({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
