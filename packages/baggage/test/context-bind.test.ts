import { runInLane } from '@graylane/baggage';
import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const key = createContextKey('test');
const first = ROOT_CONTEXT.setValue(key, 'first');
const second = ROOT_CONTEXT.setValue(key, 'second');
const now = (): unknown => context.active().getValue(key);

describe.each<readonly [string, () => void]>([
  ['without an SDK', () => runInLane('gray', () => {})],
  ['with an SDK', () => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())],
])('context.bind %s', (_name, setUp) => {
  beforeAll(setUp);
  afterAll(() => context.disable());

  test('runs listeners that are added later in the OTel context, and no earlier ones', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    const note = (): unknown => seen.push(now());
    emitter.on('a', note);
    expect(context.bind(first, emitter)).toBe(emitter);
    emitter.on('a', note).addListener('a', note).once('a', note);
    emitter.prependListener('a', note).prependOnceListener('a', note);
    emitter.emit('a');
    expect(seen).toEqual(['first', 'first', undefined, 'first', 'first', 'first']);
    emitter.emit('a');
    expect(seen).toHaveLength(10);
  });

  test('leaves removal, once, `this` and arguments as they are', () => {
    const emitter = context.bind(first, new EventEmitter());
    const seen: unknown[] = [];
    function note(this: unknown, ...args: unknown[]): void {
      seen.push(this === emitter, ...args);
    }
    emitter.on('a', note);
    emitter.emit('a', 1, 2);
    emitter.off('a', note);
    emitter.once('a', note).removeListener('a', note);
    emitter.prependOnceListener('a', note).removeAllListeners('a');
    emitter.once('a', note);
    emitter.emit('a');
    emitter.emit('a');
    expect(seen).toEqual([true, 1, 2, true]);
    expect(emitter.listenerCount('a')).toBe(0);
  });

  test('keeps the first OTel context of an emitter', () => {
    const emitter = context.bind(second, context.bind(first, new EventEmitter()));
    const seen: unknown[] = [];
    emitter.on('a', () => seen.push(now()));
    emitter.emit('a');
    expect(seen).toEqual(['first']);
  });

  test('binds streams, and functions with their `this` and length', async () => {
    const stream = context.bind(first, new PassThrough());
    const ended = new Promise((resolve) => {
      stream.on('end', () => resolve(now())).resume();
    });
    stream.end('x');
    expect(await ended).toBe('first');
    const owner = {
      method: context.bind(first, function (this: unknown, _one: number, _two: number) {
        return [this === owner, now()];
      }),
    };
    expect(owner.method(1, 2)).toEqual([true, 'first']);
    expect(owner.method).toHaveLength(2);
    expect(context.bind(first, 'neither')).toBe('neither');
  });
});
