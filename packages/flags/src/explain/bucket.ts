import { encodeCbor } from '../hash/cbor.ts';
import { murmur3, murmur3Bytes } from '../hash/murmur3.ts';
import { bucketTable, positionOf, toBucket, type BucketTable } from '../rule/buckets.ts';
import { operandOf } from '../rule/logic.ts';
import { countWork } from '../work-limit.ts';
import type { FractionalHash } from '../flag-set-settings.ts';
import type { ExplainedBucket, ExplainedRange } from './explanation.ts';
import { operandValue, type OperationRun } from './operation-run.ts';
import { shownValue } from './shown-value.ts';

const maxRanges = 100;

/** How `fractional` chose; undefined if a rule made its operands, and they are not an array. */
export function bucketOf(run: OperationRun): ExplainedBucket | undefined {
  const operand = operandOf(run.logic);
  const list = listOf(run, operand);
  if (list === undefined) return undefined;
  countWork(8 * list.length);
  const { fractionalHash: hash } = run.scope.owner;
  const [first] = list;
  // The first operand as it is written, not its value, is a bucket or the key.
  const keyed = !Array.isArray(Array.isArray(operand) ? (operand as unknown[])[0] : first);
  const table = bucketTable((keyed ? list.slice(1) : list).map(toBucket), hash);
  const found = keyOf(run, hash, keyed ? (first ?? null) : undefined);
  // Version 1 takes at least two operands.
  const key = hash === 'v1' && Array.isArray(operand) && list.length < 2 ? undefined : found.key;
  const at = key === undefined ? undefined : positionOf(hashOf(key, hash), hash);
  return {
    hash,
    keyFrom: found.keyFrom,
    ...(key !== undefined && { key: shownValue(key) }),
    ...(at !== undefined && { position: percent(at, hash) }),
    ...(table && { totalWeight: table.buckets.reduce((sum, { weight }) => sum + weight, 0) }),
    ranges: rangesShown(run, table && rangesOf(table, at, hash)),
  };
}

function listOf(run: OperationRun, operand: unknown): readonly unknown[] | undefined {
  if (Array.isArray(operand)) return operand.map((_, place) => operandValue(run, place)?.value ?? null);
  const made = operandValue(run, 0)?.value;
  return Array.isArray(made) ? made : undefined;
}

/** The key that is hashed; `first` is the value of the operand that gives it, if there is one. */
function keyOf(
  { scope, data }: OperationRun,
  hash: FractionalHash,
  first: unknown,
): Pick<ExplainedBucket, 'keyFrom'> & { readonly key: unknown } {
  const ofOperand = first !== undefined && (first !== null || hash !== 'v2');
  if (ofOperand) {
    const isKey = hash === 'v3' ? first !== null : typeof first === 'string';
    return { keyFrom: 'operand', key: isKey ? first : undefined };
  }
  const { flagKey } = scope.owner;
  const subject = (data as { readonly targetingKey?: unknown } | null)?.targetingKey;
  const key =
    typeof subject !== 'string' ? undefined : hash === 'v3' ? [flagKey, subject] : `${flagKey}${subject}`;
  return { keyFrom: 'targetingKey', key };
}

function hashOf(key: unknown, hash: FractionalHash): number {
  return hash === 'v3' ? murmur3Bytes(encodeCbor(key)) : murmur3(key as string);
}

/** A loop has a step for each element, so its steps show no more than the range that was taken. */
function rangesShown(
  { scope }: OperationRun,
  ranges: readonly ExplainedRange[] = [],
): readonly ExplainedRange[] {
  return scope.iterating ? ranges.filter(({ taken }) => taken) : ranges.slice(0, maxRanges);
}

function rangesOf(
  { ends, buckets }: BucketTable,
  at: number | undefined,
  hash: FractionalHash,
): ExplainedRange[] {
  const taken = at === undefined ? -1 : ends.findIndex((end) => at < end);
  return buckets.map(({ variant, weight }, index) => ({
    variant: shownValue(variant),
    weight,
    from: percent(ends[index - 1] ?? 0, hash),
    to: percent(ends[index] as number, hash),
    taken: index === taken,
  }));
}

/** Version 1 works in percent, the others in 32 bits. */
function percent(at: number, hash: FractionalHash): number {
  return hash === 'v1' ? at : (at / 2 ** 32) * 100;
}
