/** What a request knows about itself. */
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

/** The answers of a flag whose variants are `gray` and `stable`, made once. */
const gray = Object.freeze({ value: true, variant: 'gray', reason: 'TARGETING_MATCH', flagMetadata: {} });
const stable = Object.freeze({
  value: false,
  variant: 'stable',
  reason: 'TARGETING_MATCH',
  flagMetadata: {},
});
const fixed = Object.freeze({ value: false, variant: 'stable', reason: 'STATIC', flagMetadata: {} });

/** The flags of the benchmark as somebody would write them who needs no general evaluator: a function each, behind a Map. */
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
  ['rollout', ({ targetingKey }: Facts) => (bucket(`rollout${targetingKey}`) < 5 ? gray : stable)],
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

/** MurmurHash3 of ASCII, block by block, scaled to 100. */
function bucket(text: string): number {
  let hash = 0;
  const whole = text.length & ~3;
  let at = 0;
  for (; at < whole; at += 4) {
    hash ^= scramble(
      text.charCodeAt(at) |
        (text.charCodeAt(at + 1) << 8) |
        (text.charCodeAt(at + 2) << 16) |
        (text.charCodeAt(at + 3) << 24),
    );
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let shift = 0; at < text.length; at += 1, shift += 8) rest |= text.charCodeAt(at) << shift;
  hash ^= scramble(rest) ^ text.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return Math.floor((((hash ^ (hash >>> 16)) >>> 0) * 100) / 2 ** 32);
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
