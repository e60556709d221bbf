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

/** The part of OpenFeature's evaluation details that a dye reads. */
export interface DyeDetails {
  readonly value: string;
  readonly variant?: string | undefined;
  readonly reason?: string | undefined;
  readonly errorCode?: string | undefined;
  readonly errorMessage?: string | undefined;
}

/** The facts about a request at the edge; OpenFeature accepts it as an evaluation context. `targetingKey` names its subject. */
export type DyeContext = { targetingKey?: string } & Record<string, string | number | boolean>;

/** The decision of a dye rule. */
export interface RuleAnswer {
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

/** Evaluates a dye rule, in time or not at all: a client that never responds must not hold the request. Never rejects. */
export async function askRule(
  { client, flag = 'lane', timeoutMs = 1000 }: Rule,
  facts: DyeContext,
): Promise<RuleAnswer> {
  try {
    if (client.getStringDetails === undefined) {
      const value = await inTime(client.getStringValue(flag, baseline, facts), flag, timeoutMs);
      return answerOf({ value }, flag);
    }
    return answerOf(await inTime(client.getStringDetails(flag, baseline, facts), flag, timeoutMs), flag);
  } catch (error) {
    return { lane: baseline, fault: String(error) };
  }
}

function answerOf({ value, variant, reason, errorCode, errorMessage }: DyeDetails, flag: string): RuleAnswer {
  if (errorCode !== undefined) {
    return { lane: baseline, reason, fault: faultOf(flag, String(errorCode), errorMessage) };
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

async function inTime<T>(answer: Promise<T> | T, flag: string, timeoutMs: number): Promise<T> {
  if (!(answer instanceof Promise)) return answer;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the dye rule "${flag}" took more than ${timeoutMs} ms: raise dye.timeoutMs`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
