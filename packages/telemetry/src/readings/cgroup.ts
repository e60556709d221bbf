import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The state of this process's container, as its cgroup v2 reports it. A part that the kernel or the
 * container does not show is absent.
 */
export interface CgroupReading {
  readonly cpu?: {
    readonly usageSeconds: number;
    readonly throttledSeconds: number;
    readonly throttledPeriods: number;
    /** Absent without a limit. */
    readonly limitCores?: number;
  };
  readonly memory?: {
    readonly currentBytes: number;
    readonly maxBytes?: number;
    readonly highBytes?: number;
    readonly oomKills: number;
  };
  readonly pids?: number;
  readonly pressure: readonly Pressure[];
}

/** How long tasks have waited for a resource: `some` of them, or all (`full`). */
export interface Pressure {
  readonly resource: 'cpu' | 'memory' | 'io';
  readonly share: 'some' | 'full';
  readonly waitedSeconds: number;
}

/** Where to look; tests use a tree of files. */
export interface CgroupPlaces {
  /** Default: `/proc`. */
  readonly proc?: string;
  /** Default: the mount point of cgroup2 in `/proc/self/mountinfo`. */
  readonly mount?: string;
}

const resources = ['cpu', 'memory', 'io'] as const;

/**
 * Reads the cgroup v2 of this process (Linux, Documentation/admin-guide/cgroup-v2.rst). Pressure
 * comes from the cgroup, or from the whole machine (`/proc/pressure`) where the cgroup does not
 * measure it.
 */
export function readCgroup({ proc = '/proc', mount = mountOf(proc) }: CgroupPlaces = {}): CgroupReading {
  const folder = mount === undefined ? undefined : join(mount, pathOf(proc));
  const file = (name: string): string | undefined =>
    folder === undefined ? undefined : read(join(folder, name));
  const cpu = cpuOf(file);
  const memory = memoryOf(file);
  const pids = numberIn(file('pids.current'));
  return {
    ...(cpu && { cpu }),
    ...(memory && { memory }),
    ...(pids === undefined ? {} : { pids }),
    pressure: resources.flatMap((resource) =>
      pressureOf(resource, file(`${resource}.pressure`) ?? read(join(proc, 'pressure', resource)) ?? ''),
    ),
  };
}

type ReadFile = (name: string) => string | undefined;

function cpuOf(file: ReadFile): CgroupReading['cpu'] {
  const stat = keyed(file('cpu.stat'));
  const usage = stat.get('usage_usec');
  // A hybrid hierarchy has the file, but not the controller that counts throttling.
  if (usage === undefined) return undefined;
  const [quota, period] = (file('cpu.max') ?? '').trim().split(' ').map(Number);
  return {
    usageSeconds: usage / 1e6,
    throttledSeconds: (stat.get('throttled_usec') ?? 0) / 1e6,
    throttledPeriods: stat.get('nr_throttled') ?? 0,
    ...(quota && period ? { limitCores: quota / period } : {}),
  };
}

function memoryOf(file: ReadFile): CgroupReading['memory'] {
  const currentBytes = numberIn(file('memory.current'));
  if (currentBytes === undefined) return undefined;
  const maxBytes = numberIn(file('memory.max'));
  const highBytes = numberIn(file('memory.high'));
  return {
    currentBytes,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(highBytes === undefined ? {} : { highBytes }),
    oomKills: keyed(file('memory.events')).get('oom_kill') ?? 0,
  };
}

function pressureOf(resource: Pressure['resource'], text: string): Pressure[] {
  return [...text.matchAll(/^(some|full) .*\btotal=(\d+)/gm)].map(([, share, total]) => ({
    resource,
    share: share as Pressure['share'],
    waitedSeconds: Number(total) / 1e6,
  }));
}

/** The line `0::PATH` is the one of cgroup v2; inside a container PATH is usually `/`. */
function pathOf(proc: string): string {
  return /^0::(.*)$/m.exec(read(join(proc, 'self/cgroup')) ?? '')?.[1] ?? '/';
}

function mountOf(proc: string): string | undefined {
  const mounts = read(join(proc, 'self/mountinfo')) ?? '';
  return /^(?:\S+ ){4}(\S+) .* - cgroup2 /m.exec(mounts)?.[1];
}

function keyed(text = ''): ReadonlyMap<string, number> {
  return new Map(
    [...text.matchAll(/^(\w+) (\d+)$/gm)].map(([, key = '', value]) => [key, Number(value)] as const),
  );
}

/** `max` stands for no limit. */
function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The file is absent where the kernel, or the container, does not have this controller.
    return undefined;
  }
}
