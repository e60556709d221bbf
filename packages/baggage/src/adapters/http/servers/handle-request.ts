import type { IncomingMessage, ServerResponse } from 'node:http';
import { context, type Context } from '@opentelemetry/api';
import { checkOptions } from '../../../check-options.ts';
import { admitInto } from '../../../policy/admit.ts';
import { ensureContextManager } from '../../../request/context-manager.ts';
import { checkDye, dyeRequest, type Dye } from '../../../policy/dye.ts';
import { checkIngress, type IngressPolicy } from '../../../policy/ingress.ts';
import { RequestCell } from '../../../request/cell.ts';
import { admittedCarriers, getCell, withCell } from '../../../request/context.ts';
import { hookWriteHead, markResponse, type LaneResponseOptions } from './lane-response.ts';
import { bindAgain, hookEvents } from './request-events.ts';
import { findRequest, trackRequest, type TrackedRequest } from './tracked-request.ts';

/** The ingress policy, the dye rule, and how responses name their lane. */
export interface HttpRequestOptions<Request> extends LaneResponseOptions {
  /** Default: `{ mode: 'strip' }`, right at an edge. */
  readonly ingress?: IngressPolicy;
  /** The dye rule, at the edge. Default: requests keep the lane that they came with. */
  readonly dye?: Dye<Request>;
}

/**
 * Handles a request in every HTTP server: admits what the policy allows, dyes the request, and
 * calls `next` in its OTel context. `owner` is the name of the adapter, for messages; the dye rule
 * looks at `subject`, the framework's own request. `hook` makes the response name its lane, and the
 * events of both run in that context.
 * @throws {TypeError} at once, if the options can't work.
 */
export function requestRunner<Subject>(
  owner: string,
  options: HttpRequestOptions<Subject> | undefined,
  hook: (request: IncomingMessage, response: ServerResponse) => void = hookBoth,
): (request: IncomingMessage, response: ServerResponse, next: () => void, subject: Subject) => void {
  checkOptions(owner, options, optionTypes, `${owner}({ ingress: { mode: 'accept', keys: ['lane'] } })`);
  const { ingress = { mode: 'strip' }, dye, ...responses } = options ?? {};
  checkIngress(ingress);
  if (dye) checkDye(dye);
  const alias = ingress.mode === 'accept' ? ingress.laneHeader : undefined;
  const isBaseline = dye === undefined && ingress.mode === 'strip';
  const origin = dye ? 'dye' : { headers: alias ? ['Baggage', alias] : ['Baggage'] };
  return (request, response, next, subject) => {
    ensureContextManager();
    const active = context.active();
    let tracked = findRequest(request);
    if (tracked === undefined) {
      tracked = enterRequest(request, active, ingress, alias);
      hook(request, response);
      if (tracked.otelContext !== active) bindAgain(request, response, tracked);
    }
    const { cell } = tracked;
    markResponse(tracked, isBaseline ? undefined : origin, responses);
    const otelContext = getCell(active) === cell ? active : withCell(active, cell);
    if (dye === undefined) context.with(otelContext, next);
    else context.with(otelContext, dyeThen, undefined, dye, subject, cell, next);
  };
}

function dyeThen<Subject>(dye: Dye<Subject>, subject: Subject, cell: RequestCell, next: () => void): void {
  const dyed = dyeRequest(dye, subject, cell);
  if (dyed === undefined) next();
  else void dyed.then(() => next());
}

/** Not `ingress` and `dye`, whose own functions check them. */
const optionTypes = {
  ingress: 'any?',
  dye: 'any?',
  laneResponse: 'boolean?',
  cors: 'boolean?',
  explain: 'boolean?',
} as const;

/** Hooks one request and its response. */
export function hookBoth(request: IncomingMessage, response: ServerResponse): void {
  hookWriteHead(response);
  hookEvents(request, () => request);
  hookEvents(response, () => request);
}

/**
 * A request with what the policy admits. If OpenTelemetry has extracted the request with our
 * propagator, its cell is taken over, so that spans and metrics that began before see the decisions
 * made here. A request keeps its cell: a second middleware finds what the first one left, and
 * ignores its own policy.
 */
function enterRequest(
  request: IncomingMessage,
  active: Context,
  ingress: IngressPolicy,
  alias: string | undefined,
): TrackedRequest {
  const extracted = unclaimedCell(active);
  const cell = extracted ?? new RequestCell();
  cell.isClaimed = true;
  const baggage = header(request, 'baggage');
  admitInto(cell, baggage ? [baggage] : [], ingress, alias && header(request, alias.toLowerCase()));
  if (baggage) keepAdmitted(request, baggage, cell);
  return trackRequest(request, cell, extracted ? active : withCell(active, cell));
}

/**
 * Leaves only admitted baggage in the request's headers: code that extracts from them again with a
 * stock propagator, or a proxy that forwards them, must find no other. `rawHeaders` stay.
 */
function keepAdmitted({ headers }: IncomingMessage, given: string, cell: RequestCell): void {
  const admitted = cell.baggage.admitted?.header ?? '';
  if (admitted === '') delete headers['baggage'];
  else if (admitted !== given) headers['baggage'] = admitted;
  admittedCarriers.set(headers, cell);
}

/** The propagator's cell; not one of another request, in which this server was perhaps started. */
function unclaimedCell(otelContext: Context): RequestCell | undefined {
  const cell = getCell(otelContext);
  return cell?.isClaimed ? undefined : cell;
}

/** Node joins repeated headers with a comma, as W3C wants it of `baggage`. */
function header({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
