// `flags-memory.ts CONTENDER SIZE loaded|evaluated`: prints the bytes of heap that a set of flags
// takes, in a process that holds nothing else.
import process from 'node:process';
import { FlagdCore } from '@openfeature/flagd-core';
import { compileFlags, evaluate } from '@graylane/flags';
import { flagSet } from './flag-sets.ts';

const facts = { targetingKey: 'user-7', env: 'gray', region: 'eu', tier: 'pro', version: '2.4.1' };
const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

const [, , contender = '', size = '', state = ''] = process.argv;
const make = contender === 'flagd-core' ? withFlagdCore : withGraylane;

// The code that runs is compiled before the first look at the heap.
make(JSON.stringify(flagSet(100)));
const text = JSON.stringify(flagSet(Number(size)));
const before = await heapUsed();
const kept = make(text);
const grown = (await heapUsed()) - before;
if (grown <= 0) throw new Error(`the heap must grow by the set, and grew by ${grown} bytes`);
// The set is used here, so it was not collected before.
if (kept.size !== Number(size)) throw new Error(`the set has ${kept.size} flags instead of ${size}`);
console.log(grown);

function withFlagdCore(document: string): { size: number; core: FlagdCore } {
  const core = new FlagdCore(undefined, silent);
  core.setConfigurations(document);
  const flags = core.getFlags();
  if (state === 'evaluated') {
    for (const [key, { variants }] of flags) {
      if (variants.has('on')) core.resolveBooleanEvaluation(key, false, { ...facts }, silent);
      else core.resolveObjectEvaluation(key, {}, { ...facts }, silent);
    }
  }
  return { size: flags.size, core };
}

function withGraylane(document: string): { size: number; flags: object } {
  const flags = compileFlags(document);
  if (state === 'evaluated') for (const key of flags.keys()) evaluate(flags, key, { ...facts });
  return { size: flags.size, flags };
}

/** The bytes in use on the heap, once collections leave them as they are. */
async function heapUsed(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc');
  let used = Infinity;
  for (let now = process.memoryUsage().heapUsed; now < used; now = process.memoryUsage().heapUsed) {
    used = now;
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return used;
}
