import { getActiveLane, runInLane } from '@graylane/baggage';
import { context } from '@opentelemetry/api';
import { EventEmitter, on, once } from 'node:events';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, test } from 'vitest';
import { inRequest } from './in-request.ts';

type Say = () => void;

/** Ways in which a request's code goes on, with the API package alone: nobody has installed an OpenTelemetry SDK. */
const carried: Readonly<Record<string, (say: Say) => void>> = {
  'after an await': (say) =>
    void Promise.resolve()
      .then(() => Promise.resolve())
      .then(say),
  'in a timer': (say) => setTimeout(say, 1),
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
  'in a loop over events': (say) => {
    const emitter = new EventEmitter();
    void (async () => {
      for await (const _event of on(emitter, 'done')) return say();
      return undefined;
    })();
    runInLane('other', () => emitter.emit('done'));
  },
};

/** Ways in which somebody else calls back: his OTel context is the active one, unless the callback is bound. */
const elsewhere: Readonly<Record<string, (callback: Say) => void>> = {
  'a listener of an emitter that others share': (callback) => {
    shared.once('done', callback);
    runInLane('other', () => shared.emit('done'));
  },
  'a callback that waits in a pool': (callback) => {
    waiting.push(callback);
    runInLane('other', () => waiting.shift()?.());
  },
};

const shared = new EventEmitter();
const waiting: Say[] = [];
/** A thread of its own, with our package as it is built: it runs each task in the lane that came with it. */
const worker = new Worker(
  `const { parentPort } = require('node:worker_threads');
   const { getActiveLane, runInLane } = require('@graylane/baggage');
   parentPort.on('message', ({ lane }) => runInLane(lane, () => parentPort.postMessage(getActiveLane())));`,
  { eval: true, execArgv: [] },
);

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
    expect(seen).toEqual(['other', 'gray']);
  });
});

test('a worker thread is told the lane with its task, and its answer finds the one who waits for it', async () => {
  const ask = async (): Promise<unknown> => {
    worker.postMessage({ lane: getActiveLane() }, []);
    const [answer] = (await once(worker, 'message')) as [unknown];
    return answer;
  };
  const asked = inRequest('lane=gray', async () => [await ask(), getActiveLane()]);
  expect(await asked).toEqual(['gray', 'gray']);
});
