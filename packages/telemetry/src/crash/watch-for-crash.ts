import type { MemoryTimeline } from '../memory/memory-timeline.ts';
import type { HeapSampler } from '../profiles/heap-sampler.ts';
import { CrashFiles, defaultCrashFolder } from './crash-files.ts';
import { NearHeapLimit, reportOnFatalError } from './near-heap-limit.ts';
import { oldGeneration } from './old-generation.ts';

/** Where files go before a crash, and how many stay. */
export interface CrashOptions {
  /** Default: a folder of this user among the temporary files. */
  readonly folder?: string;
  /** Default: 8. */
  readonly kept?: number;
}

/**
 * Watches the heap each second. Returns a function that ends this. A folder that can't be used is
 * logged, and nothing is written.
 */
export function watchForCrash(
  { folder = defaultCrashFolder, kept = 8 }: CrashOptions,
  timeline: MemoryTimeline | undefined,
  sampler: HeapSampler | undefined,
  log: (line: string) => void,
): () => void {
  try {
    const files = new CrashFiles(folder, kept);
    reportOnFatalError(files);
    const limit = new NearHeapLimit(files, sampler, log);
    return timeline?.onSample(() => void limit.check(oldGeneration())) ?? (() => {});
  } catch (error) {
    log(`no files will be written before a crash: ${String(error)}`);
    return () => {};
  }
}
