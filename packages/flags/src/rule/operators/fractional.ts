import { encodeCbor } from '../../hash/cbor.ts';
import { murmur3, murmur3Bytes, murmur3Prefix, type MurmurPrefix } from '../../hash/murmur3.ts';
import { joinPath, problem, show, type Problem } from '../../json/problem.ts';
import { isObject } from '../../json/values.ts';
import { checkOperand } from '../check.ts';
import { anyNumber, wrongCount } from '../check-operands.ts';
import { answered, compileOperand, compileRule, resultOf } from '../compile.ts';
import { isConstant } from '../logic.ts';
import type { CheckOperand, Operator, Rule, RulePlace } from '../rule.ts';
import { valueScope, type Scope } from '../scope.ts';
import { countWork } from '../../work-limit.ts';

/** The greatest sum of weights. */
const maxTotal = 2_147_483_647;

interface Bucket {
  readonly variant: unknown;
  readonly weight: number;
}

/**
 * `fractional` (flagd): spreads subjects over variants by weight, the same subject always to the
 * same variant. Null without a bucket key, with a weight that is not an integer, or with a total of
 * 0 or over 2,147,483,647.
 */
export const fractional: Operator = { compile: compileFractional, check: checkFractional };

function compileFractional(operand: unknown, scope: Scope): Rule {
  const inner = valueScope(scope);
  if (!Array.isArray(operand)) return answered(dynamicList(compileRule(operand, inner), inner), scope);
  const list = operand as unknown[];
  const [first] = list;
  const keyed = !Array.isArray(first);
  const entries = keyed ? list.slice(1) : list;
  const readHash = keyed ? hashOf(compileOperand(first ?? null, inner, 0), inner) : subjectHash(inner);
  if (entries.every((entry) => isConstant(entry))) return fixed(readHash, entries.map(toBucket), scope);
  const rules = entries.map((entry, index) => compileOperand(entry, inner, keyed ? index + 1 : index));
  return answered(dynamic(readHash, rules), scope);
}

/** A hash as a signed integer; null where there is no bucket key. */
type Hash = (data: unknown, now: number | undefined) => number | null;

/** v2 hashes the first operand where it is a text, and else the subject; v3 hashes whatever it is, unless it is null. */
function hashOf(key: Rule, scope: Scope): Hash {
  if (scope.owner.fractionalHash === 'v3') {
    return (data, now) => {
      const value = key(data, now) ?? null;
      return value === null ? null : murmur3Bytes(encodeCbor(value));
    };
  }
  const subject = subjectHash(scope);
  return (data, now) => {
    const value = key(data, now);
    if (typeof value === 'string') return murmur3(value);
    return value === null || value === undefined ? subject(data, now) : null;
  };
}

/** The hash of the flag's key and the targeting key, which must be a text. */
function subjectHash({ owner: { flagKey, fractionalHash } }: Scope): Hash {
  return fractionalHash === 'v3' ? hashOfPair(flagKey) : hashAfter(murmur3Prefix(flagKey));
}

function hashOfPair(flagKey: string): Hash {
  return (data) => {
    const key = targetingKey(data);
    return typeof key === 'string' ? murmur3Bytes(encodeCbor([flagKey, key])) : null;
  };
}

function hashAfter(prefix: MurmurPrefix): Hash {
  return (data) => {
    const key = targetingKey(data);
    return typeof key === 'string' ? murmur3(key, prefix) : null;
  };
}

function targetingKey(data: unknown): unknown {
  return (data as { readonly targetingKey?: unknown } | null)?.targetingKey;
}

/** Buckets that are written out: where each one ends among the hashes is reckoned once. */
function fixed(readHash: Hash, buckets: readonly (Bucket | null)[], scope: Scope): Rule {
  const none = resultOf(null, scope);
  const total = totalOf(buckets);
  if (total === 0) return () => none;
  const results = (buckets as Bucket[]).map(({ variant }) => resultOf(variant, scope));
  let reached = 0;
  const ends = (buckets as Bucket[]).map(({ weight }) => endOf((reached += weight), total));
  return among(readHash, ends, results, none);
}

function among(readHash: Hash, ends: readonly number[], results: readonly unknown[], none: unknown): Rule {
  return (data, now) => {
    const hash = readHash(data, now);
    if (hash === null) return none;
    const point = hash >>> 0;
    let index = 0;
    while (point >= (ends[index] as number)) index += 1;
    return results[index];
  };
}

/** The first hash beyond the buckets that reach so far: (hash * total) >> 32 is below `reached` for those before it, and for no other. */
function endOf(reached: number, total: number): number {
  return Number((BigInt(reached) * 2n ** 32n + BigInt(total) - 1n) / BigInt(total));
}

function dynamic(readHash: Hash, rules: readonly Rule[]): Rule {
  return (data, now) =>
    pick(
      readHash(data, now),
      rules.map((entry) => toBucket(entry(data, now))),
    );
}

function pick(hash: number | null, buckets: readonly (Bucket | null)[]): unknown {
  const total = totalOf(buckets);
  if (hash === null || total === 0) return null;
  const point = scale(hash, total);
  let reached = 0;
  for (const { variant, weight } of buckets as Bucket[]) {
    reached += weight;
    if (reached > point) return variant;
  }
  return null;
}

/** The sum of the weights; 0 where the buckets are of no use. */
function totalOf(buckets: readonly (Bucket | null)[]): number {
  let total = 0;
  for (const bucket of buckets) {
    if (bucket === null) return 0;
    total += bucket.weight;
  }
  return total <= maxTotal ? total : 0;
}

/** (hash * total) >> 32, exact though the product has up to 63 bits: the high and the low half of the hash each fit a double. */
function scale(hash: number, total: number): number {
  const high = (hash >>> 16) * total;
  const low = (hash & 0xffff) * total;
  return Math.floor((high + Math.floor(low / 0x10000)) / 0x10000);
}

function toBucket(entry: unknown): Bucket | null {
  if (!Array.isArray(entry) || entry.length === 0 || entry.length > 2) return null;
  const [variant, weight = 1] = entry as unknown[];
  if (typeof variant === 'object' && variant !== null) return null;
  if (!Number.isInteger(weight)) return null;
  return { variant, weight: Math.max(0, weight as number) };
}

/** The list itself is made by a rule. */
function dynamicList(rule: Rule, scope: Scope): Rule {
  const subject = subjectHash(scope);
  return (data, now) => {
    const list = rule(data, now);
    if (!Array.isArray(list)) return null;
    countWork(4 * list.length);
    const [first] = list as unknown[];
    const keyed = !Array.isArray(first);
    const hash = keyed ? hashOf(() => first, scope)(data, now) : subject(data, now);
    return pick(hash, (keyed ? list.slice(1) : list).map(toBucket));
  };
}

function checkFractional(...[operand, place, operator]: Parameters<CheckOperand>): Problem[] {
  const wrong = wrongCount(operand, place, operator, 1, anyNumber);
  if (wrong) return wrong;
  return (operand as unknown[]).flatMap((item, index) => {
    const at = { ...place, path: joinPath(place.path, index) };
    return index === 0 && isObject(item) ? checkOperand(item, at) : checkBucket(item, at);
  });
}

function checkBucket(bucket: unknown, place: RulePlace): Problem[] {
  if (!Array.isArray(bucket) || bucket.length === 0 || bucket.length > 2) {
    const remedy = 'write [variant, weight], or [variant] for the weight 1';
    return [problem(place.path, `a bucket is ${show(bucket)}`, remedy)];
  }
  const [variant, weight = 1] = bucket as unknown[];
  const at = { ...place, path: joinPath(place.path, 1) };
  return [
    ...checkOperand(variant, { ...place, path: joinPath(place.path, 0) }),
    ...(isObject(weight) ? checkOperand(weight, at) : checkWeight(weight, at)),
  ];
}

function checkWeight(weight: unknown, { path }: RulePlace): Problem[] {
  if (Number.isInteger(weight) && (weight as number) >= 0) return [];
  const remedy = 'use a whole number from 0 on; shares are weight / sum of weights';
  return [problem(path, `the weight is ${show(weight)}`, remedy)];
}
