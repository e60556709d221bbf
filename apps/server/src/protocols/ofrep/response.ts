import { evaluate, type Evaluation, type EvaluationContext, type FlagSet } from '@graylane/flags';

/** One answer, as it is sent. */
export interface OfrepAnswer {
  readonly status: number;
  readonly body: string;
}

/** What OFREP says of one flag. */
export function answerOne(flags: FlagSet, key: string, context: EvaluationContext): OfrepAnswer {
  const evaluation = evaluate(flags, key, context);
  return { status: statusOf(evaluation), body: textOf(key, evaluation) };
}

/** What OFREP says of all flags, with what else stands in the answer. */
export function answerAll(flags: FlagSet, context: EvaluationContext, more: object): string {
  const texts: string[] = [];
  for (const key of flags.keys()) texts.push(textOf(key, evaluate(flags, key, context)));
  return `{"flags":[${texts.join()}],${JSON.stringify({ metadata: flags.metadata, ...more }).slice(1)}`;
}

/** An evaluation belongs to one flag and is shared between calls, and so is its text. */
const texts = new WeakMap<Evaluation, string>();

function textOf(key: string, evaluation: Evaluation): string {
  const known = texts.get(evaluation);
  if (known !== undefined) return known;
  const text = JSON.stringify(describe(key, evaluation));
  texts.set(evaluation, text);
  return text;
}

/** Without a value the caller's own default serves. */
function describe(key: string, evaluation: Evaluation): object {
  const { value, variant, reason, errorCode, errorMessage, flagMetadata } = evaluation;
  const metadata = Object.keys(flagMetadata).length > 0 ? { metadata: flagMetadata } : {};
  if (errorCode !== undefined) return { key, errorCode, errorDetails: errorMessage, ...metadata };
  return { key, value, variant, reason, ...metadata };
}

function statusOf({ errorCode }: Evaluation): number {
  if (errorCode === undefined) return 200;
  return errorCode === 'FLAG_NOT_FOUND' ? 404 : 400;
}
