import { encodeCbor } from '../../hash/cbor.ts';
import { murmur3, murmur3Bytes, murmur3Prefix, type MurmurPrefix } from '../../hash/murmur3.ts';
import { joinPath, problem, show, type Problem } from '../../json/problem.ts';
import { isObject } from '../../json/values.ts';
import type { FractionalHash } from '../../flag-set-settings.ts';
import { bucketTable, positionOf, toBucket, type Bucket } from '../buckets.ts';
import { checkOperand, countParts as countChecked } from '../check.ts';
import { anyNumber, wrongCount } from '../check-operands.ts';
import { decided, compileOperand, compileRule, resultOf } from '../compile.ts';
import { isConstant } from '../logic.ts';
import type { CheckOperand, Operator, Rule, RulePlace } from '../rule.ts';
import { countParts, valueScope, type Scope } from '../scope.ts';
import { countWork } from '../../work-limit.ts';

/**
 * `fractional` (flagd): spreads subjects over variants by weight, the same subject always to the
 * same variant. Null without a bucket key, with a weight that is not an integer, or with a total of
 * 0 or over 2,147,483,647.
 */
export const fractional: Operator = { compile: compileFractional, check: checkFractional };

function compileFractional(operand: unknown, scope: Scope): Rule {
  const inner = valueScope(scope);
  if (!Array.isArray(operand)) return decided(dynamicList(compileRule(operand, inner), inner), scope);
  const list = operand as unknown[];
  const { fractionalHash } = scope.owner;
  // Version 1 takes at least two operands.
  if (fractionalHash === 'v1' && list.length < 2) return decided(() => null, scope);
  const [first] = list;
  const keyed = !Array.isArray(first);
  const entries = keyed ? list.slice(1) : list;
  const readHash = keyed ? hashOf(compileOperand(first ?? null, inner, 0), inner) : subjectHash(inner);
  if (entries.every((entry) => isConstant(entry))) {
    countParts(scope, entries.length);
    return fixed(readHash, entries.map(toBucket), scope);
  }
  const rules = entries.map((entry, index) => compileOperand(entry, inner, keyed ? index + 1 : index));
  return decided(dynamic(readHash, rules, fractionalHash), scope);
}

/** A hash as a signed integer; null where there is no bucket key. */
type Hash = (data: unknown, now: number | undefined) => number | null;

/**
 * v1 hashes the first operand if it is a string; v2 also hashes the subject if that operand is null
 * or missing; v3 hashes a value of any kind but null.
 */
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
    if (scope.owner.fractionalHash === 'v1') return null;
    return value === null || value === undefined ? subject(data, now) : null;
  };
}

/** The hash of the flag's key and the targeting key, which must be a string. */
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

/** Buckets that are written out become a table once. */
function fixed(readHash: Hash, buckets: readonly (Bucket | null)[], scope: Scope): Rule {
  const { fractionalHash } = scope.owner;
  const none = resultOf(null, scope);
  const table = bucketTable(buckets, fractionalHash);
  if (table === undefined) return () => none;
  const results = table.buckets.map(({ variant }) => resultOf(variant, scope));
  if (fractionalHash === 'v1') return inPercent(readHash, table.ends, results, none);
  return (data, now) => {
    const hash = readHash(data, now);
    if (hash === null) return none;
    const point = hash >>> 0;
    let index = 0;
    while (point >= (table.ends[index] as number)) index += 1;
    return results[index];
  };
}

/**
 * Rounding can leave the last hashes without a bucket, for which Java's provider reports an error.
 */
function inPercent(
  readHash: Hash,
  ends: readonly number[],
  results: readonly unknown[],
  none: unknown,
): Rule {
  return (data, now) => {
    const hash = readHash(data, now);
    if (hash === null) return none;
    const position = positionOf(hash, 'v1');
    const index = ends.findIndex((end) => position < end);
    return index < 0 ? none : results[index];
  };
}

function dynamic(readHash: Hash, rules: readonly Rule[], version: FractionalHash): Rule {
  return (data, now) =>
    pick(
      readHash(data, now),
      rules.map((entry) => toBucket(entry(data, now))),
      version,
    );
}

function pick(hash: number | null, buckets: readonly (Bucket | null)[], version: FractionalHash): unknown {
  const table = bucketTable(buckets, version);
  if (hash === null || table === undefined) return null;
  const position = positionOf(hash, version);
  const index = table.ends.findIndex((end) => position < end);
  return table.buckets[index]?.variant ?? null;
}

/** A rule makes the whole array. */
function dynamicList(rule: Rule, scope: Scope): Rule {
  const subject = subjectHash(scope);
  return (data, now) => {
    const list = rule(data, now);
    if (!Array.isArray(list)) return null;
    countWork(4 * list.length);
    const [first] = list as unknown[];
    const keyed = !Array.isArray(first);
    const hash = keyed ? hashOf(() => first, scope)(data, now) : subject(data, now);
    return pick(hash, (keyed ? list.slice(1) : list).map(toBucket), scope.owner.fractionalHash);
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
  const full = countChecked(1, place);
  if (full !== undefined) return full;
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
