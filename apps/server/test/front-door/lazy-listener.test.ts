import { expect, test } from 'vitest';
import { lazyListener } from '../../src/http/port/lazy-listener.ts';

test('a lazy listener loads once, and serves the requests that waited in their order', async () => {
  const served: string[] = [];
  let load: (listener: (request: string) => void) => void = () => {};
  const loaded = new Promise<(request: string) => void>((resolve) => (load = resolve));
  let loads = 0;
  const listener = lazyListener<[string]>(
    () => {
      loads += 1;
      return loaded;
    },
    () => served.push('failed'),
  );
  listener('first');
  listener('second');
  load((request) => served.push(request));
  await loaded;
  expect(served).toEqual(['first', 'second']);
  listener('third');
  expect(served).toEqual(['first', 'second', 'third']);
  expect(loads).toBe(1);
});

test('a lazy listener that could not load refuses the requests that waited, and tries again', async () => {
  const served: string[] = [];
  const loads = [Promise.reject(new Error('no descriptor is left')), Promise.resolve(serve)];
  function serve(request: string): void {
    served.push(request);
  }
  const listener = lazyListener<[string]>(
    () => loads.shift() ?? Promise.resolve(serve),
    (error, request) => served.push(`${request}: ${(error as Error).message}`),
  );
  listener('first');
  listener('second');
  await Promise.resolve();
  await Promise.resolve();
  expect(served).toEqual(['first: no descriptor is left', 'second: no descriptor is left']);
  listener('third');
  await expect.poll(() => served.at(-1)).toBe('third');
});
