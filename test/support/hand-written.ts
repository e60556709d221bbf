/** The facts of a request. */
export interface Facts {
  readonly targetingKey: string;
  readonly env: string;
  readonly region: string;
  readonly tier: string;
  readonly version: string;
  readonly lane: string;
  readonly age: number;
  readonly mobile: boolean;
  readonly tenant?: string;
  readonly beta?: boolean;
}

/** The results of a flag whose variants are `gray` and `stable`, made once. */
const gray = Object.freeze({ value: true, variant: 'gray', reason: 'TARGETING_MATCH', flagMetadata: {} });
const stable = Object.freeze({
  value: false,
  variant: 'stable',
  reason: 'TARGETING_MATCH',
  flagMetadata: {},
});
const fixed = Object.freeze({ value: false, variant: 'stable', reason: 'STATIC', flagMetadata: {} });

/**
 * The flags of the benchmark without a general evaluator: a function each, behind a Map.
 */
export const handWritten: ReadonlyMap<string, (facts: Facts) => object> = new Map<
  string,
  (facts: Facts) => object
>([
  ['static', () => fixed],
  [
    'rule',
    ({ env, region }: Facts) =>
      env === 'gray' && (region === 'eu' || region === 'us' || region === 'cn') ? gray : stable,
  ],
  ['chain', ({ tier }: Facts) => chain(tier)],
  ['chain of ten facts', tenFacts],
  ['rollout', ({ targetingKey }: Facts) => (hashAfterFlagKey(targetingKey) < fivePercent ? gray : stable)],
  ['semver', ({ version }: Facts) => (isAtLeast(version, 2, 1, 0) ? gray : stable)],
]);

function chain(tier: string): object {
  if (tier === 'tier-0') return stable;
  if (tier === 'tier-1') return stable;
  if (tier === 'tier-2') return stable;
  if (tier === 'tier-3') return stable;
  if (tier === 'tier-4') return stable;
  if (tier === 'tier-5') return stable;
  if (tier === 'tier-6') return stable;
  if (tier === 'tier-7') return stable;
  if (tier === 'tier-8') return stable;
  return tier === 'tier-9' ? gray : stable;
}

function tenFacts({ env, region, tenant, mobile, lane, age, targetingKey, tier, beta }: Facts): object {
  if (env === 'test' || region === 'jp' || region === 'kr') return stable;
  if (tenant === 'umbrella') return gray;
  if (!mobile) return stable;
  if (lane === 'gray') return gray;
  if (age < 18 || targetingKey.startsWith('bot-')) return stable;
  return (env === 'gray' && region === 'cn') || tier === 'tier-3' || beta === true ? gray : stable;
}

/** The first hash beyond 5 % of all. */
const fivePercent = Math.ceil((5 * 2 ** 32) / 100);

/** The state of MurmurHash3 after `roll`, and the bytes `out` that wait for a fourth one. */
const [afterRoll, out] = [mix(0, 0x6c6c6f72), 0x74756f];

/**
 * MurmurHash3 of `rollout` and an ASCII key, unsigned, with the hash of the flag's key made before.
 */
function hashAfterFlagKey(key: string): number {
  let hash = afterRoll;
  let rest = out;
  let at = 0;
  for (const whole = key.length & ~3; at < whole; at += 4) {
    const word =
      key.charCodeAt(at) |
      (key.charCodeAt(at + 1) << 8) |
      (key.charCodeAt(at + 2) << 16) |
      (key.charCodeAt(at + 3) << 24);
    hash = mix(hash, rest | (word << 24));
    rest = word >>> 8;
  }
  for (let shift = 24; at < key.length; at += 1, shift += 8) {
    if (shift === 32) {
      hash = mix(hash, rest);
      rest = shift = 0;
    }
    rest |= key.charCodeAt(at) << shift;
  }
  if (key.length % 4 === 1) {
    hash = mix(hash, rest);
    rest = 0;
  }
  hash ^= scramble(rest) ^ (key.length + 7);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mix(state: number, block: number): number {
  const mixed = state ^ scramble(block);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

/** Compares major.minor.patch, digit by digit. */
function isAtLeast(version: string, major: number, minor: number, patch: number): boolean {
  let number = 0;
  let part = 0;
  let own = 0;
  let other = 0;
  for (let at = 0; at <= version.length; at += 1) {
    const code = at < version.length ? version.charCodeAt(at) : 46;
    if (code !== 46) {
      number = number * 10 + code - 48;
      continue;
    }
    own = own * 1000 + number;
    other = other * 1000 + (part === 0 ? major : part === 1 ? minor : patch);
    part += 1;
    number = 0;
  }
  return own >= other;
}
