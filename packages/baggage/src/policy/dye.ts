import { diag } from '@opentelemetry/api';
import { baseline } from '../codec/names.ts';
import { count } from '../counters.ts';
import { isKnown, type KnownLanes } from './ingress.ts';
import { markerOf, type MarkOptions, type Marker } from '../lane/mark.ts';
import { printable } from '../codec/log-safe.ts';
import type { RequestCell } from '../request/cell.ts';

/** Whoever answers the dye rule: OpenFeature's client fits. */
export interface DyeClient {
  getStringValue(
    flagKey: string,
    defaultValue: string,
    evaluationContext: DyeContext,
  ): Promise<string> | string;
}

/** What is known of a request at the edge; OpenFeature's evaluation context takes it. `targetingKey` names its subject. */
export type DyeContext = { targetingKey?: string } & Record<string, string | number | boolean>;

/** How the edge decides who is gray, once a request. */
export interface Dye<Request> extends MarkOptions {
  readonly client: DyeClient;
  /** The flag whose value is the lane. Default: `lane`. */
  readonly flag?: string;
  /** What the dye rule may look at. */
  evaluationContext(request: Request): Readonly<Record<string, string | number | boolean | null | undefined>>;
  /** What else travels: baggage key to key of the evaluation context, e.g. `{ 'user-id': 'targetingKey' }`. Default: nothing. */
  readonly carry?: Readonly<Record<string, string>>;
  /** The lanes there are: a request is not dyed with another one. A function may ask a kill switch. Default: any lane. */
  readonly lanes?: KnownLanes;
  /** How long the dye rule may take, in milliseconds, before the request goes on in baseline. Default: 1000. */
  readonly timeoutMs?: number;
  /** Lets a request name its lane itself, e.g. testers by a header or a cookie. Default: no request may. */
  readonly choice?: DyeChoice<Request>;
}

/** Who may choose a lane, and which. It is asked before the dye rule. */
export interface DyeChoice<Request> {
  /** The lanes that may be chosen, beside `baseline`. */
  readonly lanes: readonly string[];
  /**
   * The lane that the request names, or undefined where it names none or may not: anybody can send a header, so look first at who
   * it is. `(request) => isTester(request) ? request.get('x-lane') : undefined`
   */
  lane(request: Request): string | undefined;
}

const markers = new WeakMap<MarkOptions, Marker>();

/** The marker of a dye. @throws {TypeError} where its keys or its time to live are no good, or nobody can be asked. */
export function checkDye(
  dye: MarkOptions & Partial<Pick<Dye<never>, 'client' | 'evaluationContext'>>,
): Marker {
  let marker = markers.get(dye);
  if (marker === undefined) {
    marker = markerOf(dye);
    if (typeof dye.client?.getStringValue !== 'function') {
      throw new TypeError(
        'dye.client is missing: give it a client of OpenFeature, e.g. OpenFeature.getClient()',
      );
    }
    if (typeof dye.evaluationContext !== 'function') {
      throw new TypeError(
        'dye.evaluationContext is missing: give it a function from a request to what the dye rule may look at',
      );
    }
    markers.set(dye, marker);
  }
  return marker;
}

/**
 * Asks the dye rule and marks the request. One that can't be asked leaves the request in baseline, with what it is to carry, and is
 * counted.
 */
export async function dyeRequest<Request>(
  dye: Dye<Request>,
  request: Request,
  cell: RequestCell,
): Promise<void> {
  try {
    const facts = factsOf(dye.evaluationContext(request));
    const lane = await laneOf(dye, request, facts);
    cell.dye(lane, carriedBy(dye, facts), checkDye(dye));
  } catch (error) {
    undyed(error);
  }
}

/** The request goes on, in baseline: a fault of ours is no fault of the user's. */
function undyed(error: unknown): void {
  count('undyed');
  diag.warn(`graylane: a request stays undyed: ${printable(String(error))}`);
}

async function laneOf<Request>(dye: Dye<Request>, request: Request, facts: DyeContext): Promise<string> {
  try {
    const lane = chosen(dye, request) ?? (await ask(dye, facts));
    if (lane === baseline || isKnown(lane, dye.lanes)) return lane;
    count('unknown');
  } catch (error) {
    undyed(error);
  }
  return baseline;
}

function carriedBy({ carry = {} }: Dye<never>, facts: DyeContext): (readonly [string, string])[] {
  return Object.entries(carry).flatMap(([key, name]) => {
    const value = Object.hasOwn(facts, name) ? facts[name] : undefined;
    return value === undefined ? [] : [[key, String(value)] as const];
  });
}

function factsOf(known: ReturnType<Dye<unknown>['evaluationContext']>): DyeContext {
  const present = Object.entries(known).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(present) as DyeContext;
}

function chosen<Request>({ choice }: Dye<Request>, request: Request): string | undefined {
  const lane = choice?.lane(request);
  if (choice === undefined || lane === undefined) return undefined;
  if (lane === baseline || choice.lanes.includes(lane)) return lane;
  count('unknown');
  return undefined;
}

/** A client that never answers must not hold the request. */
async function ask(
  { client, flag = 'lane', timeoutMs = 1000 }: Dye<never>,
  facts: DyeContext,
): Promise<string> {
  const answer = client.getStringValue(flag, baseline, facts);
  if (typeof answer === 'string') return answer;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the dye rule "${flag}" has not answered within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
