import { getActiveLane, runInLane } from '@graylane/baggage';
import { context } from '@opentelemetry/api';
import { AsyncResource } from 'node:async_hooks';
import { pbkdf2 } from 'node:crypto';
import { EventEmitter, on } from 'node:events';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, test } from 'vitest';
import { inRequest } from './in-request.ts';

type Say = () => void;

/**
 * Ways in which a request's code goes on, with the API package alone, without an OpenTelemetry SDK.
 */
const carried: Readonly<Record<string, (say: Say) => void>> = {
  'after an await': (say) =>
    void Promise.resolve()
      .then(() => Promise.resolve())
      .then(say),
  'in a timer': (say) => setTimeout(say, 1),
  'in an interval': (say) => {
    const timer = setInterval(() => {
      clearInterval(timer);
      say();
    }, 1);
  },
  'in an immediate': (say) => setImmediate(say),
  'in a tick': (say) => process.nextTick(say),
  'in a microtask': (say) => queueMicrotask(say),
  'in a listener of what it emits itself': (say) => {
    const emitter = new EventEmitter();
    emitter.on('done', say);
    setTimeout(() => emitter.emit('done'), 1);
  },
  'in a stream that it reads': (say) => {
    const through = new Transform({
      transform: (chunk, _encoding, done) => {
        say();
        done(null, chunk);
      },
    });
    void pipeline(Readable.from(['piece']), through.resume());
  },
  'in an async generator that it iterates': (say) => {
    const pieces = async function* (): AsyncGenerator<string> {
      yield 'piece';
      await delay(1);
      say();
    };
    void Readable.from(pieces()).resume();
  },
  "in a callback of Node's thread pool": (say) => pbkdf2('password', 'salt', 1, 8, 'sha256', () => say()),
  'in a callback of a pool that keeps an AsyncResource for each task': (say) => {
    const task = new AsyncResource('task');
    runInLane('blue', () => setTimeout(() => task.runInAsyncScope(say), 1));
  },
  'after a promise that another request settles': (say) => {
    let settle: Say = () => {};
    void new Promise<void>((resolve) => {
      settle = resolve;
    }).then(say);
    runInLane('blue', () => settle());
  },
  'in a listener of a signal that it aborts itself': (say) => {
    const controller = new AbortController();
    controller.signal.addEventListener('abort', say);
    setTimeout(() => controller.abort(), 1);
  },
  'in a loop over events': (say) => {
    const emitter = new EventEmitter();
    void (async () => {
      for await (const _event of on(emitter, 'done')) return say();
      return undefined;
    })();
    runInLane('blue', () => emitter.emit('done'));
  },
};

/**
 * Callbacks of other code: its OTel context is active, unless the callback is bound.
 */
const elsewhere: Readonly<Record<string, (callback: Say) => void>> = {
  'a listener of an emitter that others share': (callback) => {
    shared.once('done', callback);
    runInLane('blue', () => shared.emit('done'));
  },
  'a listener of a signal that others abort': (callback) => {
    const controller = new AbortController();
    controller.signal.addEventListener('abort', callback);
    runInLane('blue', () => controller.abort());
  },
  'a callback that waits in a pool': (callback) => {
    waiting.push(callback);
    runInLane('blue', () => waiting.shift()?.());
  },
};

const shared = new EventEmitter();
const waiting: Say[] = [];
/**
 * A thread of its own, with our package as it is built: it runs each task in the lane that came
 * with it.
 */
const worker = new Worker(
  `const { parentPort } = require('node:worker_threads');
   const { getActiveLane, runInLane } = require('@graylane/baggage');
   parentPort.on('message', ({ id, lane }) =>
     runInLane(lane, () => parentPort.postMessage({ id, lane: getActiveLane() })));`,
  { eval: true, execArgv: [] },
);
/**
 * The callbacks that wait for the thread, as pools keep them: callbacks by the number of their
 * task, and one listener.
 */
const tasks = new Map<number, (answer: string) => void>();
worker.on('message', ({ id, lane }: { id: number; lane: string }) => tasks.get(id)?.(lane));

afterAll(() => worker.terminate());

describe('a request goes on in its lane', () => {
  test.each(Object.entries(carried))('%s', async (_how, goOn) => {
    const lanes = await Promise.all([
      inRequest('lane=gray', () => new Promise((resolve) => goOn(() => resolve(getActiveLane())))),
      new Promise((resolve) => goOn(() => resolve(getActiveLane()))),
    ]);
    expect(lanes).toEqual(['gray', 'baseline']);
  });
});

describe('context.bind keeps the lane of', () => {
  test.each(Object.entries(elsewhere))('%s', (_what, hand) => {
    const seen: string[] = [];
    const say = (): void => void seen.push(getActiveLane());
    inRequest('lane=gray', () => {
      hand(say);
      hand(context.bind(context.active(), say));
    });
    expect(seen).toEqual(['blue', 'gray']);
  });
});

describe('a pool of worker threads', () => {
  const ask = (answered: (answer: string) => void): void => {
    const id = tasks.size;
    tasks.set(id, answered);
    worker.postMessage({ id, lane: getActiveLane() }, []);
  };

  test('gets the lane with each task, and its result reaches the request that waits for it', async () => {
    const asking = async (): Promise<string[]> => [await new Promise<string>(ask), getActiveLane()];
    expect(await Promise.all([inRequest('lane=gray', asking), asking()])).toEqual([
      ['gray', 'gray'],
      ['baseline', 'baseline'],
    ]);
  });

  test('calls back in no lane, unless the callback is bound', async () => {
    const said = await inRequest('lane=gray', () =>
      Promise.all([
        new Promise((resolve) => ask(() => resolve(getActiveLane()))),
        new Promise((resolve) => ask(context.bind(context.active(), () => resolve(getActiveLane())))),
      ]),
    );
    expect(said).toEqual(['baseline', 'gray']);
  });
});

test('work that several requests share is in the lane of the first one, unless it is given a lane', async () => {
  const sharing = (work: () => Promise<string>): (() => Promise<string>) => {
    let started: Promise<string> | undefined;
    return () => (started ??= work());
  };
  const refill = async (): Promise<string> => delay(1, getActiveLane());
  for (const [refilled, lane] of [
    [sharing(refill), 'gray'],
    [sharing(() => runInLane('baseline', refill)), 'baseline'],
  ] as const) {
    expect(await Promise.all([inRequest('lane=gray', refilled), refilled()])).toEqual([lane, lane]);
  }
});
