import { evaluate } from '@graylane/flags';
import { afterEach, expect, test, vi } from 'vitest';
import { UpstreamStore } from '../../src/relay/upstream-store.ts';

const size = 4000;
const flag = {
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting: { if: [{ $ref: 'gray' }, 'on', 'off'] },
};

afterEach(() => {
  vi.restoreAllMocks();
});

test('a relay serves the flags of before until a change of a segment is compiled, and other requests', async () => {
  const quiet = (): void => {};
  const store = new UpstreamStore('http://upstream', 'default', { info: quiet, warn: quiet });
  const flags = Object.fromEntries(Array.from({ length: size }, (_, index) => [`f${index}`, flag]));
  store.restore({ flags, $evaluators: { gray: false } }, '1');
  let events = 0;
  store.onChange(({ affected }) => (events += affected.length));
  const serves = (): unknown[] => [
    store.snapshot.revision,
    evaluate(store.snapshot.flags, 'f0', {}).value,
    evaluate(store.snapshot.flags, `f${size - 1}`, {}).value,
    events,
  ];
  // Each look at the clock is a millisecond later, on any machine.
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 1));
  const progress = { isDone: false };
  const applied = Promise.resolve(store.sink.change({ flags: {}, $evaluators: { gray: true } }, '2'));
  void applied.then(() => (progress.isDone = true));
  let turns = 0;
  while (!progress.isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    turns += 1;
    if (!progress.isDone) expect(serves()).toEqual(['1', false, false, 0]);
  }
  expect(await applied).toBe(true);
  expect(turns).toBeGreaterThan(size / 100);
  expect(serves()).toEqual(['2', true, true, size]);
});
