import type { HeapSampler } from '../profiles/heap-sampler.ts';
import type { CrashFiles } from './crash-files.ts';
import type { OldGeneration } from './old-generation.ts';

/**
 * From 80 % of the limit on, V8 may end the process because its collections are ineffective; the
 * files must be written before.
 */
const alarm = 0.75;
const allClear = 0.6;

/**
 * Writes a heap profile and a diagnostic report when the heap comes near its limit, while the
 * process can still write. It does so once, and again only after the heap has been below 60 % of
 * the limit.
 */
export class NearHeapLimit {
  readonly #files: CrashFiles;
  readonly #sampler: HeapSampler | undefined;
  readonly #log: (line: string) => void;
  #alarmed = false;

  constructor(files: CrashFiles, sampler: HeapSampler | undefined, log: (line: string) => void) {
    this.#files = files;
    this.#sampler = sampler;
    this.#log = log;
  }

  /** Compares the heap with its limit. */
  async check({ usedBytes, limitBytes }: OldGeneration): Promise<void> {
    if (usedBytes < allClear * limitBytes) this.#alarmed = false;
    if (this.#alarmed || usedBytes < alarm * limitBytes) return;
    this.#alarmed = true;
    const share = Math.round((100 * usedBytes) / limitBytes);
    try {
      const written = [this.#files.write('report.json', reportText())];
      if (this.#sampler)
        written.push(this.#files.write('heapprofile', JSON.stringify(await this.#sampler.live())));
      this.#log(`the heap is at ${share} % of its limit; wrote ${written.join(' and ')}`);
    } catch (error) {
      this.#log(`the heap is at ${share} % of its limit, and nothing could be written: ${String(error)}`);
    }
  }
}

interface Report {
  environmentVariables?: unknown;
  workers?: Report[];
}

/** Node's diagnostic report without the environment, which holds secrets. */
function reportText(): string {
  const report: Report = process.report.getReport();
  removeEnvironment(report);
  return JSON.stringify(report);
}

/** Each worker has a report of its own inside. */
function removeEnvironment(report: Report): void {
  delete report.environmentVariables;
  for (const worker of report.workers ?? []) removeEnvironment(worker);
}

/**
 * Has Node write its report when V8 ends the process, unless the application uses reports itself. A
 * loop that allocates and never yields gets no other chance. One file a process, which replaces the
 * one before it.
 */
export function reportOnFatalError(files: CrashFiles): void {
  const { report } = process;
  if (report.reportOnFatalError || report.reportOnSignal || report.reportOnUncaughtException) return;
  report.reportOnFatalError = true;
  // Node 20 can't leave the environment out, so the folder is closed to other users.
  (report as { excludeEnv?: boolean }).excludeEnv = true;
  report.directory ||= files.folder;
  report.filename ||= 'graylane-fatal-error.json';
}
