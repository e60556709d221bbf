import { readFileSync } from 'node:fs';

/** The share of one function of ours in the CPU time of a process, without what it calls. */
export interface SelfTime {
  readonly name: string;
  readonly share: number;
}

interface Profile {
  readonly nodes: ReadonlyArray<{
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }>;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The functions of our packages in a CPU profile (`--cpu-prof`), the most expensive first. */
export function selfTimes(file: string): readonly SelfTime[] {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const own = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const { functionName, url } = frames.get(id) ?? { functionName: '', url: '' };
    if (functionName === '(idle)') continue;
    const elapsed = timeDeltas[index] ?? 0;
    total += elapsed;
    const [, place] = /\/((?:packages|apps)\/[^/]+)\/(?:dist|src)\//.exec(url) ?? [];
    if (place === undefined) continue;
    const name = `${functionName || 'an anonymous function'} (${place})`;
    own.set(name, (own.get(name) ?? 0) + elapsed);
  }
  return Array.from(own, ([name, elapsed]) => ({ name, share: elapsed / total })).toSorted(
    (one, other) => other.share - one.share,
  );
}
