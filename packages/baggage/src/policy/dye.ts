import { checkOptions } from '../check-options.ts';
import { printable } from '../codec/log-safe.ts';
import { isKilledLane } from '../lane/killed.ts';
import { markerOf, type MarkOptions, type Marker } from '../lane/mark.ts';
import { baseline, isLane, laneFault } from '../lane/names.ts';
import { report, type Logger } from '../report.ts';
import type { RequestCell } from '../request/cell.ts';
import { evaluateDyeRule, type DyeClient, type DyeContext, type DyeRuleResult } from './dye-rule.ts';
import { checkLanes, isKnown, type KnownLanes } from './ingress.ts';

/** How the edge decides which requests are dyed, once a request. */
export interface Dye<Request> extends MarkOptions {
  /** The client that evaluates the dye rule; OpenFeature's client fits. */
  readonly client: DyeClient;
  /** The flag whose value is the lane: a string flag whose variants are lanes. Default: `lane`. */
  readonly flag?: string;
  /**
   * The facts about a request that the dye rule may look at. A `requestId` is added if there is
   * none, for rollouts by request.
   */
  evaluationContext(request: Request): Readonly<Record<string, string | number | boolean | null | undefined>>;
  /**
   * Further members: baggage key to key of the evaluation context, e.g. `{ 'user-id':
   * 'targetingKey' }`. Default: none.
   */
  readonly carry?: Readonly<Record<string, string>>;
  /**
   * The lanes that exist: a request is not dyed with another one. A function may read a kill
   * switch. Default: any lane.
   */
  readonly lanes?: KnownLanes;
  /**
   * How long the dye rule may take, in milliseconds, before the request goes on in baseline.
   * Default: 1000.
   */
  readonly timeoutMs?: number;
  /**
   * Lets a request name its lane itself, e.g. testers by a header or a cookie. Default: no request
   * may.
   */
  readonly choice?: DyeChoice<Request>;
  /**
   * Gets one message for each way in which a request stays undyed, with the remedy. Default:
   * OpenTelemetry's `diag`.
   */
  readonly logger?: Logger;
}

/** Which requests may choose a lane, and which lanes. It is applied before the dye rule. */
export interface DyeChoice<Request> {
  /** The lanes that may be chosen, beside `baseline`. */
  readonly lanes: readonly string[];
  /**
   * The lane that the request names; undefined if it names none, or may not. Any client can send a
   * header, so check first who sends it: `(request) => isTester(request) ? request.get('x-lane') :
   * undefined`
   */
  lane(request: Request): string | undefined;
}

const markers = new WeakMap<object, Marker>();
const example =
  'dye: { client: OpenFeature.getClient(), evaluationContext: (request) => ({ targetingKey: userOf(request) }) }';

/**
 * The marker of a dye. @throws {TypeError} if an option is unknown or missing, or a key can't be
 * used.
 */
export function checkDye(dye: MarkOptions & Partial<Dye<never>>): Marker {
  let marker = markers.get(dye);
  if (marker === undefined) {
    checkOptions('dye', dye, optionTypes, example);
    checkLanes('dye.lanes', dye.lanes);
    if (dye.choice !== undefined) {
      checkOptions('dye.choice', dye.choice, { lanes: 'array', lane: 'function' }, choiceExample);
      checkLanes('dye.choice.lanes', dye.choice.lanes);
    }
    marker = markerOf(dye);
    if (typeof dye.client?.getStringValue !== 'function') {
      throw new TypeError(
        'dye.client has no getStringValue: use a client of OpenFeature, e.g. OpenFeature.getClient()',
      );
    }
    markers.set(dye, marker);
  }
  return marker;
}

const choiceExample = "{ lanes: ['team-a'], lane: (request) => request.headers['x-lane'] }";
const optionTypes = {
  client: 'any',
  flag: 'string?',
  evaluationContext: 'function',
  carry: 'object?',
  lanes: 'any?',
  timeoutMs: 'number?',
  choice: 'object?',
  ttlSeconds: 'any?',
  sign: 'object?',
  logger: 'object?',
} as const;

/**
 * Evaluates the dye rule and marks the request, at once if the rule is evaluated at once. If it
 * can't be evaluated, the request runs in baseline with the members that it is to carry, and is
 * counted. Never throws or rejects.
 */
export function dyeRequest<Request>(
  dye: Dye<Request>,
  request: Request,
  cell: RequestCell,
): void | Promise<void> {
  try {
    const facts = factsOf(dye.evaluationContext(request));
    const chosen = chosenLane(dye, request);
    if (chosen !== undefined) return mark(dye, cell, facts, { lane: chosen }, 'choice');
    const result = evaluateDyeRule(dye, facts);
    return result instanceof Promise
      ? result.then((found) => mark(dye, cell, facts, found, 'rule'))
      : mark(dye, cell, facts, result, 'rule');
  } catch (error) {
    // A fault of graylane or of a callback: the request goes on in baseline.
    fail(dye, cell, error);
  }
}

function mark(
  dye: Dye<never>,
  cell: RequestCell,
  facts: DyeContext,
  result: DyeRuleResult,
  by: 'rule' | 'choice',
): void {
  try {
    if (result.fault !== undefined) undyed(dye, result.fault);
    const admission = cell.decision;
    cell.dye(knownLane(dye, result.lane), carriedBy(dye, facts), checkDye(dye));
    const flag = dye.flag ?? 'lane';
    const fault = result.fault ?? refusal(flag, result.lane, cell.lane);
    const { variant, reason } = result;
    cell.decision = { by, lane: cell.lane, flag, variant, reason, fault, admission };
  } catch (error) {
    fail(dye, cell, error);
  }
}

/** Why a lane that the rule returned is not that of the request. */
function refusal(flag: string, returned: string, lane: string): string | undefined {
  if (returned === lane) return undefined;
  if (isKilledLane(returned)) return `the dye rule "${flag}" decided, but the lane "${returned}" is killed`;
  const fault = isLane(returned) ? `dye.lanes does not have "${returned}"` : laneFault(returned);
  return `the dye rule "${flag}" decided, but ${fault}`;
}

function fail(dye: Dye<never>, cell: RequestCell, error: unknown): void {
  const { lane, decision: admission } = cell;
  undyed(dye, String(error));
  cell.decision = { by: 'rule', lane, fault: `the dye failed: ${String(error)}`, admission };
}

function undyed({ logger }: Dye<never>, fault: string): void {
  const shown = printable(fault);
  report('undyed', shown, () => `a request stays undyed: ${shown}`, logger);
}

function knownLane({ flag = 'lane', lanes, logger }: Dye<never>, lane: string): string {
  if (lane === baseline || !isLane(lane) || isKnown(lane, lanes)) return lane;
  report(
    'unknown',
    'dye',
    () => `the dye rule "${flag}" returned "${lane}", which dye.lanes does not have: add it there`,
    logger,
  );
  return baseline;
}

function carriedBy({ carry = {} }: Dye<never>, facts: DyeContext): (readonly [string, string])[] {
  const carried: (readonly [string, string])[] = [];
  for (const key of Object.keys(carry)) {
    const name = carry[key] as string;
    if (Object.hasOwn(facts, name)) carried.push([key, String(facts[name])]);
  }
  return carried;
}

function factsOf(known: ReturnType<Dye<unknown>['evaluationContext']>): DyeContext {
  // A rollout by request draws each one anew: it needs nothing but a number that differs.
  const facts: DyeContext = { requestId: String(Math.random()) };
  for (const name of Object.keys(known)) {
    const value = known[name];
    // An assignment to `__proto__` would change the prototype instead.
    if (name === '__proto__') continue;
    if (value !== undefined && value !== null) facts[name] = value;
  }
  return facts;
}

/** The lane that the request has chosen; undefined if the dye rule decides. */
function chosenLane<Request>(dye: Dye<Request>, request: Request): string | undefined {
  const { choice, logger } = dye;
  if (choice === undefined) return undefined;
  let lane: string | undefined;
  try {
    lane = choice.lane(request);
  } catch (error) {
    undyed(dye, `dye.choice.lane failed: ${String(error)}`);
    return baseline;
  }
  if (lane === undefined || lane === baseline || isKnown(lane, choice.lanes)) return lane;
  const shown = printable(lane);
  report(
    'unknown',
    'choice',
    () => `a request chose the lane "${shown}", which dye.choice.lanes does not have: the dye rule decides`,
    logger,
  );
  return undefined;
}
