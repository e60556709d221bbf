import { expect, test } from 'vitest';
import { Closing } from '../src/compose/closing.ts';

const trouble = new Error('it is stuck');

test('the last part closes first, and a failure keeps none of the others open', async () => {
  const closing = new Closing();
  const closed: string[] = [];
  closing.add({ close: () => closed.push('store') });
  closing.add({
    close: async () => {
      await Promise.reject(trouble);
    },
  });
  closing.addEnd(async () => {
    await new Promise(setImmediate);
    closed.push('port');
  });
  await expect(closing.close()).rejects.toBe(trouble);
  expect(closed).toEqual(['port', 'store']);
});

test('each part closes once, and a part that does not exist is no trouble', async () => {
  const closing = new Closing();
  let times = 0;
  expect(closing.add(undefined)).toBeUndefined();
  closing.addEnd(() => (times += 1));
  await closing.close();
  await closing.close();
  expect(times).toBe(1);
});
