import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compare, type Contender, type Row } from '../support/bench.ts';

const memoryScript = fileURLToPath(new URL('../support/flags-memory.ts', import.meta.url));

await compare({
  question: 'How much memory does a flag take?',
  unit: 'KB',
  rounds: 3,
  peers: ['@openfeature/flagd-core'],
  note: 'The growth of the heap after collections, per flag, in a process of its own for each sample.',
  rows: [1000, 10_000].flatMap((size): Row[] => [
    {
      name: `${size} flags, loaded`,
      contenders: [grew('flagd-core', size, 'loaded'), grew('graylane', size, 'loaded')],
    },
    {
      name: `${size} flags, each evaluated once`,
      contenders: [grew('flagd-core', size, 'evaluated'), grew('graylane', size, 'evaluated')],
    },
  ]),
});

/** The kilobytes of heap per flag of a set. */
function grew(name: string, size: number, state: 'loaded' | 'evaluated'): Contender {
  const args = ['--expose-gc', '--import', 'tsx', memoryScript, name, String(size), state];
  return {
    name,
    sample: () => Number(execFileSync(process.execPath, args, { encoding: 'utf8' })) / size / 1024,
  };
}
