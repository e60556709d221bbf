import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';

/** How full the heap is where V8 decides to end the process. */
export interface OldGeneration {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

const otherSpaces = new Set(['new_space', 'new_large_object_space', 'read_only_space']);

/**
 * The old generation and its limit. V8 ends the process when this part is full; its
 * `heap_size_limit` includes the young generation, so a small heap would never seem to come near
 * it.
 */
export function oldGeneration(): OldGeneration {
  const usedBytes = getHeapSpaceStatistics()
    .filter(({ space_name: name }) => !otherSpaces.has(name))
    .reduce((sum, { space_used_size: used }) => sum + used, 0);
  return { usedBytes, limitBytes: getHeapStatistics().heap_size_limit - youngGeneration() };
}

/**
 * Three semi-spaces. V8 does not report their largest size: 16 MiB each up to Node 20, 32 MiB
 * later, unless a flag sets it.
 */
function youngGeneration(): number {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  const given = /--max[-_]semi[-_]space[-_]size[= ](\d+)/.exec(flags)?.[1];
  const isOld = Number.parseInt(process.versions.node, 10) <= 20;
  return 3 * Number(given ?? (isOld ? 16 : 32)) * 2 ** 20;
}
