import { readFileSync } from 'node:fs';

/** The share of one function of ours in the CPU time of a process, without what it calls. */
export interface SelfTime {
  readonly name: string;
  readonly share: number;
}

interface Profile {
  readonly nodes: ReadonlyArray<{
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }>;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const ofPackages = /\/((?:packages|apps)\/[^/]+)\/(?:dist|src)\//;

/**
 * The functions of our packages in a CPU profile (`--cpu-prof`), the most expensive first; or those
 * of other files, whose addresses `places` matches with the place as its group.
 */
export function selfTimes(file: string, places = ofPackages): readonly SelfTime[] {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  /** By its place, since many functions have no name. */
  const own = new Map<string, { readonly name: string; elapsed: number }>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id) ?? { functionName: '', url: '', lineNumber: 0 };
    if (functionName === '(idle)') continue;
    const elapsed = timeDeltas[index] ?? 0;
    total += elapsed;
    const [, place] = places.exec(url) ?? [];
    if (place === undefined) continue;
    const key = `${url}:${lineNumber}`;
    const one = own.get(key) ?? { name: `${functionName || 'an anonymous function'} (${place})`, elapsed: 0 };
    one.elapsed += elapsed;
    own.set(key, one);
  }
  return Array.from(own.values(), ({ name, elapsed }) => ({ name, share: elapsed / total })).toSorted(
    (one, other) => other.share - one.share,
  );
}
