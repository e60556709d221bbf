import { Session } from 'node:inspector/promises';
import { share, type SharedUse } from '../process-wide.ts';
import type { CallFrame } from './call-frame.ts';
import { PprofBuilder } from './pprof-builder.ts';
import { wait } from './wait.ts';

/** One sample for each 512 KB on average, as in Go. */
const samplingInterval = 512 * 1024;

/**
 * A `.heapprofile` (Chrome DevTools protocol, HeapProfiler.SamplingHeapProfile), whose samples
 * `@types/node` does not know.
 */
export interface HeapProfile {
  readonly head: HeapNode;
  readonly samples: readonly { readonly nodeId: number; readonly size: number }[];
}

interface HeapNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

/**
 * Samples allocations. It runs all the time, so that `/heap` shows where the live objects were
 * allocated since the start. V8 has one sampler a process: recording all allocations (`/allocs`)
 * interrupts it, and it starts anew afterwards.
 */
export class HeapSampler {
  readonly #session = new Session();
  #since = Date.now();

  constructor() {
    this.#session.connect();
    // The first request for a profile reports the failure; no code awaits this promise.
    this.#startLive().catch(() => {});
  }

  close(): void {
    this.#session.disconnect();
  }

  /** When the samples of live objects begin, in milliseconds since 1970. */
  get since(): number {
    return this.#since;
  }

  /** The live objects; `collectGarbage` runs a garbage collection first. */
  async live(options: { readonly collectGarbage?: boolean } = {}): Promise<HeapProfile> {
    if (options.collectGarbage) await this.#session.post('HeapProfiler.collectGarbage');
    return (await this.#session.post('HeapProfiler.getSamplingProfile')).profile as unknown as HeapProfile;
  }

  /** All that is allocated in some seconds, collected or not. */
  async allocations(seconds: number, signal?: AbortSignal): Promise<HeapProfile> {
    await this.#session.post('HeapProfiler.stopSampling');
    await this.#session.post('HeapProfiler.startSampling', {
      samplingInterval,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    // Stopped in any case: samples of collected objects would accumulate for ever.
    await wait(seconds, signal).catch(() => {});
    const { profile } = await this.#session.post('HeapProfiler.stopSampling');
    await this.#startLive();
    signal?.throwIfAborted();
    return profile as unknown as HeapProfile;
  }

  async #startLive(): Promise<void> {
    this.#since = Date.now();
    await this.#session.post('HeapProfiler.startSampling', { samplingInterval });
  }
}

/** The sampler of this process. It may not have started yet; its methods wait for the start. */
export function shareHeapSampler(): SharedUse<HeapSampler> {
  return share(
    'heap sampler',
    () => new HeapSampler(),
    (sampler) => {
      sampler.close();
    },
  );
}

/**
 * A `.heapprofile` in pprof's format. The inspector gives bytes, not the number of objects, so the
 * count is of samples.
 */
export async function heapProfileToPprof(
  { head, samples }: HeapProfile,
  type: 'inuse_space' | 'alloc_space',
  comments: readonly string[] = [],
): Promise<Uint8Array> {
  const counts = new Map<number, number>();
  for (const { nodeId } of samples) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
  const builder = new PprofBuilder([
    ['samples', 'count'],
    [type, 'bytes'],
  ]);
  const open = [{ node: head, stack: [] as CallFrame[] }];
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const { node, stack } = entry;
    if (node.selfSize > 0 && stack.length > 0) builder.add(stack, [counts.get(node.id) ?? 0, node.selfSize]);
    for (const child of node.children) open.push({ node: child, stack: [child.callFrame, ...stack] });
  }
  return builder.build({ period: samplingInterval, comments });
}
