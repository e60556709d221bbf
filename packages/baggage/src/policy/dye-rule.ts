import { baseline } from '../lane/names.ts';

/** Evaluates the dye rule; OpenFeature's client fits. */
export interface DyeClient {
  getStringValue(
    flagKey: string,
    defaultValue: string,
    evaluationContext: DyeContext,
  ): Promise<string> | string;
  /** Used instead, if the client has it: it also returns why the rule did not decide. */
  getStringDetails?(
    flagKey: string,
    defaultValue: string,
    evaluationContext: DyeContext,
  ): Promise<DyeDetails> | DyeDetails;
}

/**
 * A client that can also evaluate without a promise, as `getSyncClient()` of @graylane/provider. It
 * is used so where it can.
 */
interface SyncDyeClient extends DyeClient {
  getStringDetailsSync?(flagKey: string, defaultValue: string, evaluationContext: DyeContext): DyeDetails;
}

/** The part of OpenFeature's evaluation details that a dye reads. */
export interface DyeDetails {
  readonly value: string;
  /** The name of the variant. Absent if the value is the default of the call. */
  readonly variant?: string | undefined;
  /** OpenFeature's reason, e.g. `TARGETING_MATCH`. Absent if the client gives none. */
  readonly reason?: string | undefined;
  /** OpenFeature's error code. Absent if the evaluation succeeded. */
  readonly errorCode?: string | undefined;
  /** The reason of the failure. Absent if the evaluation succeeded. */
  readonly errorMessage?: string | undefined;
}

/**
 * The facts about a request at the edge; OpenFeature accepts it as an evaluation context.
 * `targetingKey` names its subject.
 */
export type DyeContext = { targetingKey?: string } & Record<string, string | number | boolean>;

/** The decision of a dye rule. */
export interface DyeRuleResult {
  readonly lane: string;
  readonly variant?: string | undefined;
  readonly reason?: string | undefined;
  /** Why the rule did not decide, so that the lane is baseline. */
  readonly fault?: string | undefined;
}

interface Rule {
  readonly client: DyeClient;
  readonly flag?: string;
  readonly timeoutMs?: number;
}

/**
 * Evaluates a dye rule, in time or not at all: a client that never responds must not hold the
 * request. Returns at once if the client does: a promise and a timer are most of the cost of a dye.
 * Never throws or rejects.
 */
export function evaluateDyeRule(
  { client, flag = 'lane', timeoutMs = 1000 }: Rule,
  facts: DyeContext,
): DyeRuleResult | Promise<DyeRuleResult> {
  try {
    const details = detailsOf(client, flag, facts);
    if (!isThenable(details)) return resultOf(details, flag);
    return inTime(Promise.resolve(details), flag, timeoutMs).then((found) => resultOf(found, flag), faulty);
  } catch (error) {
    return faulty(error);
  }
}

function detailsOf(client: SyncDyeClient, flag: string, facts: DyeContext): DyeDetails | Promise<DyeDetails> {
  const details = client.getStringDetailsSync?.(flag, baseline, facts);
  // A general error may mean that the provider, or a hook, is one that returns promises.
  if (details !== undefined && details.errorCode !== 'GENERAL') return details;
  if (client.getStringDetails !== undefined) return client.getStringDetails(flag, baseline, facts);
  const value = client.getStringValue(flag, baseline, facts);
  return isThenable(value) ? Promise.resolve(value).then((found) => ({ value: found })) : { value };
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | null | undefined)?.then === 'function';
}

function faulty(error: unknown): DyeRuleResult {
  return { lane: baseline, fault: String(error) };
}

function resultOf(
  { value, variant, reason, errorCode, errorMessage }: DyeDetails,
  flag: string,
): DyeRuleResult {
  if (errorCode !== undefined) {
    return { lane: baseline, reason, fault: faultOf(flag, errorCode, errorMessage) };
  }
  if (typeof value !== 'string') {
    return {
      lane: baseline,
      fault: `the dye rule "${flag}" returned a ${typeof value}: it must return a string`,
    };
  }
  return { lane: value || baseline, variant, reason };
}

function faultOf(flag: string, errorCode: string, errorMessage: string | undefined): string {
  const detail = errorMessage === undefined || errorMessage === '' ? '' : ` (${errorMessage})`;
  switch (errorCode) {
    case 'FLAG_NOT_FOUND':
      return `the dye rule "${flag}" does not exist: create a string flag of this name whose variants are lanes, or set dye.flag${detail}`;
    case 'TYPE_MISMATCH':
      return `the dye rule "${flag}" is not a string flag: make its variants lanes, e.g. "gray" and "baseline"${detail}`;
    default:
      return `the dye rule "${flag}" could not be evaluated: ${errorCode}${detail}`;
  }
}

async function inTime<T>(result: Promise<T>, flag: string, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the dye rule "${flag}" took more than ${timeoutMs} ms: raise dye.timeoutMs`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
