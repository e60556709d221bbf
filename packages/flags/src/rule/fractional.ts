import { encodeCbor } from '../hash/cbor.ts';
import { murmur3, murmur3Bytes, murmur3Prefix } from '../hash/murmur3.ts';
import { compileOperand, compileRule, isConstant, type Rule, type Scope } from './compile-rule.ts';

const maxTotal = 2_147_483_647;

interface Bucket {
  readonly variant: unknown;
  readonly weight: number;
}

/**
 * `fractional` (flagd): spreads subjects over variants by weight, the same subject always to the same variant. Null when something is
 * wrong: no bucket key, a weight that is no integer, a total of 0 or over 2,147,483,647.
 */
export function fractional(operand: unknown, scope: Scope): Rule {
  const list = Array.isArray(operand) ? (operand as unknown[]) : undefined;
  if (list === undefined) return dynamicList(compileRule(operand, scope), scope);
  const [first] = list;
  const keyed = !Array.isArray(first);
  const readBuckets = compileBuckets(keyed ? list.slice(1) : list, scope, keyed ? 1 : 0);
  const readHash = keyed ? hashOf(compileOperand(first ?? null, scope, 0), scope) : subjectHash(scope);
  return (data, now) => pick(readHash(data, now), readBuckets(data, now));
}

type Hash = (data: unknown, now: number | undefined) => number | null;
type Buckets = (data: unknown, now: number | undefined) => readonly Bucket[] | null;

/** v2 hashes the first operand where it is a text, and else the subject; v3 hashes whatever it is, unless it is null. */
function hashOf(key: Rule, scope: Scope): Hash {
  if (scope.fractionalHash === 'v3') {
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
function subjectHash({ flagKey, fractionalHash }: Scope): Hash {
  const prefix = murmur3Prefix(flagKey);
  return (data) => {
    const key = (data as Readonly<Record<string, unknown>> | null)?.['targetingKey'];
    if (typeof key !== 'string') return null;
    return fractionalHash === 'v3' ? murmur3Bytes(encodeCbor([flagKey, key])) : murmur3(key, prefix);
  };
}

function pick(hash: number | null, buckets: readonly Bucket[] | null): unknown {
  if (hash === null || buckets === null) return null;
  let total = 0;
  for (const { weight } of buckets) total += weight;
  if (total > maxTotal) return null;
  const point = scale(hash, total);
  let reached = 0;
  for (const { variant, weight } of buckets) {
    reached += weight;
    if (reached > point) return variant;
  }
  return null;
}

/** (hash * total) >> 32, exact though the product has up to 63 bits: the high and the low half of the hash each fit a double. */
function scale(hash: number, total: number): number {
  const high = (hash >>> 16) * total;
  const low = (hash & 0xffff) * total;
  return Math.floor((high + Math.floor(low / 0x10000)) / 0x10000);
}

function compileBuckets(list: readonly unknown[], scope: Scope, offset: number): Buckets {
  const entries = list.map((entry, index) => compileBucket(entry, scope, index + offset));
  if (list.every((entry) => isConstant(entry))) {
    const buckets = entries.map((entry) => entry(undefined, undefined));
    const constant = buckets.includes(null) ? null : (buckets as Bucket[]);
    return () => constant;
  }
  return (data, now) => {
    const buckets: Bucket[] = [];
    for (const entry of entries) {
      const bucket = entry(data, now);
      if (bucket === null) return null;
      buckets.push(bucket);
    }
    return buckets;
  };
}

function compileBucket(
  entry: unknown,
  scope: Scope,
  index: number,
): (data: unknown, now: number | undefined) => Bucket | null {
  const rule = compileOperand(entry, scope, index);
  return (data, now) => toBucket(rule(data, now));
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
    const [first] = list as unknown[];
    const keyed = !Array.isArray(first);
    const buckets = (keyed ? list.slice(1) : list).map(toBucket);
    if (buckets.includes(null)) return null;
    const hash = keyed ? hashOf(() => first, scope)(data, now) : subject(data, now);
    return pick(hash, buckets as Bucket[]);
  };
}
