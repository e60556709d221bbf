import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { GraylaneProvider } from '@graylane/provider';
import type { FlagSink } from '@graylane/source';
import { ProviderEvents } from '@openfeature/server-sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const definition = (value: boolean): object => ({
  state: 'ENABLED',
  variants: { on: value },
  defaultVariant: 'on',
});
let folder: string;
let provider: GraylaneProvider;
let sink: FlagSink;
let changed: unknown[];
/** How often a definition of the snapshot was looked into, or its flags were listed. */
let looks: number;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-change-`);
  changed = [];
});

afterEach(async () => {
  await provider.onClose();
  rmSync(folder, { recursive: true });
});

describe('one changed flag of many', () => {
  test.each([
    ['without a cache file', () => ({})],
    ['with a cache file', () => ({ cacheFile: `${folder}/cache` })],
  ])('costs that flag alone, %s', async (_case, options) => {
    for (const count of [100, 10_000]) {
      await open(options(), count);
      looks = 0;
      expect(sink.change({ flags: { f7: definition(false) } }, '2')).toBe(true);
      sink.live();
      // The old definition of the flag is compared with the new one.
      expect(looks).toBeLessThan(20);
      expect(changed).toEqual([['f7']]);
      expect(provider.resolveBooleanEvaluationSync('f7', true, {}).value).toBe(false);
      expect(provider.resolveBooleanEvaluationSync('f8', false, {}).value).toBe(true);
      changed = [];
      await provider.onClose();
    }
  });
});

test('changes of flags, evaluators and metadata are in the cache file after the provider is closed', async () => {
  const cacheFile = `${folder}/cache`;
  await open({ cacheFile }, 3);
  const $evaluators = { always: { '==': [1, 1] } };
  const targeting = { if: [{ $ref: 'always' }, 'off'] };
  const flag = { ...definition(true), variants: { on: true, off: false }, targeting };
  await sink.change({ flags: { f0: null, f1: flag }, $evaluators, metadata: { version: '2' } }, '2');
  await sink.change({ flags: { f2: definition(false) } }, '3');
  await provider.onClose();
  provider = new GraylaneProvider({ source: source(), cacheFile });
  await provider.initialize();
  expect(provider.revision).toBe('3');
  const ask = (key: string) => provider.resolveBooleanEvaluationSync(key, false, {});
  expect(ask('f0')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND', flagMetadata: { version: '2' } });
  expect(ask('f1')).toMatchObject({ value: false, variant: 'off' });
  expect(ask('f2')).toMatchObject({ value: false, variant: 'on' });
});

describe('a change of a segment that thousands of flags use', () => {
  const size = 4000;
  const document = (result: boolean): { readonly flags: object; readonly $evaluators: object } => ({
    flags: Object.fromEntries(
      Array.from({ length: size }, (_, index) => {
        const targeting = { if: [{ $ref: 'gray' }, 'on', 'off'] };
        return [`f${index}`, { ...definition(true), variants: { on: true, off: false }, targeting }];
      }),
    ),
    $evaluators: { gray: { '==': [1, result ? 1 : 2] } },
  });
  const values = (): Set<boolean> =>
    new Set(
      ['f0', `f${size / 2}`, `f${size - 1}`].map(
        (key) => provider.resolveBooleanEvaluationSync(key, false, {}).value,
      ),
    );

  beforeEach(async () => {
    await open({}, 1);
    sink.update(document(false), '1');
    changed = [];
    // Each look at the clock is a millisecond later, on any machine.
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 1));
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('lets other code run in between, and is in force as a whole at the end', async () => {
    const applied = sink.change({ flags: {}, $evaluators: document(true).$evaluators }, '2');
    const progress = { isDone: false };
    void Promise.resolve(applied).then(() => (progress.isDone = true));
    let turns = 0;
    while (!progress.isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      turns += 1;
      if (!progress.isDone) expect([...values(), provider.revision, changed]).toEqual([false, '1', []]);
    }
    expect(await applied).toBe(true);
    // A slice has at most five steps of 16 flags.
    expect(turns).toBeGreaterThan(size / 100);
    expect([...values(), provider.revision]).toEqual([true, '2']);
    expect(changed).toHaveLength(1);
    expect(changed[0]).toHaveLength(size);
  });

  test('has no effect if other flags or the end of the provider overtake it', async () => {
    const $evaluators = document(true).$evaluators;
    const overtaken = sink.change({ flags: {}, $evaluators }, '2');
    sink.update({ flags: { f0: definition(true) } }, '3');
    expect(await overtaken).toBe(false);
    expect(provider.revision).toBe('3');
    sink.update(document(false), '4');
    const late = sink.change({ flags: {}, $evaluators }, '5');
    await provider.onClose();
    expect(await late).toBe(false);
    expect(provider.revision).toBe('4');
  });
});

test('a change that can not be read is refused, and leaves the flags in force', async () => {
  await open({}, 2);
  expect(sink.change({ flags: [] as unknown as Record<string, unknown> }, '2')).toBe(false);
  expect(provider.revision).toBe('1');
  expect(provider.resolveBooleanEvaluationSync('f0', false, {}).value).toBe(true);
});

async function open(options: { readonly cacheFile?: string }, count: number): Promise<void> {
  provider = new GraylaneProvider({ source: source(), ...options });
  provider.events.addHandler(ProviderEvents.ConfigurationChanged, (event) => {
    changed.push(event?.flagsChanged);
  });
  const started = provider.initialize();
  const flags = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`f${index}`, watched(definition(true))]),
  );
  sink.update({ flags: watched(flags) }, '1');
  sink.live();
  await started;
}

function source() {
  return { id: 'driven', start: (given: FlagSink) => void (sink = given), close: () => {} };
}

function watched<T extends object>(object: T): T {
  return new Proxy(object, {
    get: (target, key) => {
      looks += 1;
      return Reflect.get(target, key) as unknown;
    },
    ownKeys: (target) => {
      looks += 1;
      return Reflect.ownKeys(target);
    },
  });
}
