import type { IncomingMessage, ServerResponse } from 'node:http';
import { context, type Context } from '@opentelemetry/api';
import { admitInto } from '../admit.ts';
import { ensureContextManager } from '../context-manager.ts';
import { checkDye, dyeRequest, type Dye } from '../dye.ts';
import { checkIngress, type IngressPolicy } from '../ingress-policy.ts';
import { RequestCell } from '../request-cell.ts';
import { getCell, withCell } from '../request-context.ts';
import { tellLane, type KnownRequest, type LaneResponseOptions } from './lane-response.ts';

/** What comes in with a request, who is dyed, and what responses say of it. */
export interface HttpRequestOptions<Request> extends LaneResponseOptions {
  /** Default: `{ mode: 'strip' }`, right at an edge. */
  readonly ingress?: IngressPolicy;
  /** The dye rule, at the edge. Default: requests keep the lane that they came with. */
  readonly dye?: Dye<Request>;
}

/**
 * Where a request that has passed a middleware keeps all we know of it. A weak map would cost more than all else that is done with a
 * request; symbols on the response, in express, cost about a tenth of the whole.
 */
const link = Symbol('graylane request');

interface Linked {
  [link]?: KnownRequest;
}

/**
 * What all HTTP servers do with a request: let in what the policy says, dye it, and call `next` in its OTel context.
 * @throws {TypeError} at once, where the options can't work.
 */
export function requestRunner<Request extends IncomingMessage>({
  ingress = { mode: 'strip' },
  dye,
  ...responses
}: HttpRequestOptions<Request>): (request: Request, response: ServerResponse, next: () => void) => void {
  checkIngress(ingress);
  if (dye) checkDye(dye);
  const alias = ingress.mode === 'accept' ? ingress.laneHeader : undefined;
  const origin = dye ? 'dye' : { headers: alias ? ['Baggage', alias] : ['Baggage'] };
  const isBaseline = dye === undefined && ingress.mode === 'strip';
  return (request, response, next) => {
    const { known, otelContext } = enterRequest(request, ingress, alias);
    tellLane(request, response, known, isBaseline ? undefined : origin, responses);
    context.with(otelContext, () => {
      if (dye === undefined) next();
      else void dyeRequest(dye, request, known.cell).then(() => next());
    });
  };
}

/**
 * The cell of an HTTP request, with what the policy lets in, and the OTel context it runs in. Where OpenTelemetry has extracted the
 * request with our propagator, its cell is taken over, so that spans and metrics that began before see what is decided here.
 * A request keeps its cell: a second middleware finds what the first one left, whatever its own policy says.
 */
function enterRequest(
  request: IncomingMessage,
  ingress: IngressPolicy,
  alias: string | undefined,
): { known: KnownRequest; otelContext: Context } {
  ensureContextManager();
  const active = context.active();
  const linked: IncomingMessage & Linked = request;
  const known = linked[link];
  if (known) {
    const { cell } = known;
    return { known, otelContext: getCell(active) === cell ? active : withCell(active, cell) };
  }
  const cell = unownedCell(active) ?? new RequestCell();
  const entered = { cell, isTold: false, by: undefined };
  linked[link] = entered;
  cell.isClaimed = true;
  const baggage = header(request, 'baggage');
  admitInto(cell, baggage ? [baggage] : [], ingress, alias && header(request, alias.toLowerCase()));
  return { known: entered, otelContext: withCell(active, cell) };
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
