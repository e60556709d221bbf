import { describe, expect, test } from 'vitest';
import { FlagUsage, type StoredUsage, type UsageSample } from '../../src/usage/flag-usage.ts';
import { LiveCount } from '../../src/usage/count.ts';
import { isListed } from '../../src/usage/stale-flags.ts';

const day = 86_400_000;
const start = Date.UTC(2026, 0, 1);

function sample(members: Partial<UsageSample> = {}): UsageSample {
  const names = { service: 'payments', variant: 'on', lane: 'gray', rule: 'else' };
  return { flagKey: 'fees', ...names, count: 1, at: start, ...members };
}

function used(since: number, samples: ReadonlyArray<Partial<UsageSample>>): FlagUsage {
  const usage = new FlagUsage(since);
  for (const one of samples) usage.add(sample(one));
  return usage;
}

/** Stores the counts of one server where those of others may be. */
function save(usage: FlagUsage, stored: unknown): StoredUsage {
  usage.save();
  const value = usage.mergedWith(JSON.parse(JSON.stringify(stored ?? null)));
  usage.saved(value);
  return value;
}

describe('servers that share a store', () => {
  test('add to the same counts, and see those of the others', () => {
    const [one, other] = [used(start, [{ count: 3 }]), used(start, [{ count: 4, at: start + day }])];
    let stored = save(one, undefined);
    stored = save(other, stored);
    expect([one.count, other.count]).toEqual([3, 7]);
    one.add(sample({ count: 10 }));
    stored = save(one, stored);
    expect([one.count, one.last]).toEqual([17, start + day]);
    save(other, stored);
    expect(other.count).toBe(17);
  });

  test('lose nothing that is counted while they store, or of an attempt that failed', () => {
    const usage = used(start, [{ count: 3 }]);
    usage.save();
    usage.mergedWith(undefined);
    usage.add(sample({ count: 4 }));
    usage.save();
    const value = usage.mergedWith(undefined);
    usage.add(sample({ count: 5 }));
    usage.add(sample({ count: 6, variant: 'new' }));
    usage.saved(value);
    expect([usage.count, usage.isChanged]).toEqual([18, true]);
    usage.restore(value);
    expect([usage.count, usage.get('variants').get('new')?.count]).toEqual([18, 6]);
    expect(save(usage, value).counts.variants['on']).toEqual({ count: 12, last: start });
    expect(usage.isChanged).toBe(false);
  });

  test.each([[undefined], [null], [{}], [{ since: 1, counts: {} }], ['x']])(
    'begin anew where %j is stored',
    (stored) => {
      expect(save(used(start, [{}]), stored)).toMatchObject({
        since: start,
        counts: { rules: { else: {} } },
      });
    },
  );

  test('keep names that are special to JavaScript', () => {
    const value = save(used(start, [{ variant: '__proto__', service: 'constructor' }]), undefined);
    const usage = new FlagUsage(start);
    usage.restore(JSON.parse(JSON.stringify(value)) as StoredUsage);
    expect([...usage.get('variants').keys(), ...usage.get('services').keys()]).toEqual([
      '__proto__',
      'constructor',
    ]);
  });
});

test('names are bounded: the one that was seen least recently is forgotten', () => {
  const usage = new FlagUsage(start);
  for (let n = 0; n < 300; n += 1) usage.add(sample({ service: `service-${n}`, at: start + n }));
  usage.add(sample({ service: 'service-100', at: start + 1000 }));
  usage.add(sample({ service: 'new', at: start + 1001 }));
  const names = [...usage.get('services').keys()];
  expect(names).toHaveLength(200);
  expect([names.includes('service-100'), names.includes('service-101')]).toEqual([true, false]);
});

test('the length of all names is bounded, whatever a report sends, and a recent name stays', () => {
  const usage = new FlagUsage(start);
  for (let n = 0; n < 500; n += 1) {
    const name = `${n}`.padEnd(1000, 'x');
    usage.add(sample({ service: name, variant: name, lane: name, rule: name, at: start + n }));
    usage.add(sample({ service: 'payments', variant: 'on', lane: 'gray', rule: 'else', at: start + n }));
  }
  const stored = save(usage, save(usage, undefined));
  expect(JSON.stringify(stored).length).toBeLessThan(400_000);
  for (const dimension of ['services', 'variants', 'lanes', 'rules'] as const) {
    const names = [...usage.get(dimension).keys()];
    expect(names.join('').length).toBeLessThanOrEqual(65_536);
    expect(names.length).toBeGreaterThan(20);
  }
  expect(usage.get('services').get('payments')?.count).toBe(500);
  expect(usage.get('variants').get('on')?.count).toBe(500);
});

test('the last five minutes are counted by the minute', () => {
  const count = new LiveCount();
  for (let minute = 0; minute < 10; minute += 1) count.add(1, start + minute * 60_000);
  count.add(2, start + 9 * 60_000 + 30_000);
  expect(count.recent(start + 9 * 60_000)).toBe(7);
  expect(count.recent(start + 12 * 60_000)).toBe(4);
  expect(count.recent(start + 60 * 60_000)).toBe(0);
  expect([count.count, count.last]).toEqual([12, start + 9 * 60_000 + 30_000]);
});

describe('a flag is listed', () => {
  const now = start + 40 * day;
  const evaluated = (at: number, variant = 'on'): Partial<UsageSample> => ({ at, variant });

  test.each([
    ['never evaluated', start, [], true, false],
    ['evaluated long ago', start, [evaluated(start + day)], true, false],
    ['evaluated lately, one variant', start, [evaluated(now - day)], false, true],
    [
      'one variant lately, another one before',
      start,
      [evaluated(start, 'off'), evaluated(now - day)],
      false,
      true,
    ],
    ['two variants lately', start, [evaluated(now - 2 * day, 'off'), evaluated(now - day)], false, false],
    ['new and never evaluated', now - day, [], false, false],
    ['new with one variant', now - day, [evaluated(now - 1)], false, false],
  ])('%s', (_what, since, samples, unused, constant) => {
    const usage = used(since, samples);
    expect(isListed(usage, { unusedDays: 30 }, now)).toBe(unused);
    expect(isListed(usage, { constantDays: 30 }, now)).toBe(constant);
    expect(isListed(usage, { all: true }, now)).toBe(true);
  });
});
