import { baseline } from './baseline.ts';
import { count } from './counters.ts';
import type { RequestCell } from './request-cell.ts';

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
export interface Dye<Request> {
  readonly client: DyeClient;
  /** The flag whose value is the lane. Default: `lane`. */
  readonly flag?: string;
  /** What the dye rule may look at. */
  evaluationContext(request: Request): Readonly<Record<string, string | number | boolean | null | undefined>>;
  /** What else travels: baggage key to key of the evaluation context, e.g. `{ 'user-id': 'targetingKey' }`. Default: nothing. */
  readonly carry?: Readonly<Record<string, string>>;
}

/** Asks the dye rule and marks the request. One that can't be asked leaves the request in baseline, and is counted. */
export async function dyeRequest<Request>(
  dye: Dye<Request>,
  request: Request,
  cell: RequestCell,
): Promise<void> {
  try {
    const { client, flag = 'lane', carry = {} } = dye;
    const known = dye.evaluationContext(request);
    const present = Object.entries(known).filter(([, value]) => value !== undefined && value !== null);
    const facts = Object.fromEntries(present) as Record<string, string | number | boolean>;
    const carried = Object.entries(carry).flatMap(([key, name]) => {
      const value = Object.hasOwn(facts, name) ? facts[name] : undefined;
      return value === undefined ? [] : [[key, String(value)] as const];
    });
    cell.dye(await client.getStringValue(flag, baseline, facts), carried);
  } catch {
    // The request goes on, in baseline: a fault of ours is no fault of the user's.
    count('undyed');
  }
}
