import { share, type SharedUse } from '../process-wide.ts';
import { onGc, type GcKind } from '../readings/gc-events.ts';
import { Ring } from '../requests/ring.ts';
import { AllocationMeter } from './allocation-meter.ts';
import { findAllocationPeaks, type AllocationPeak } from './allocation-peaks.ts';

/** One second: the heap at its end, the bytes allocated in it, and the pauses that began in it. */
export interface MemorySample {
  /** Milliseconds since 1970: the same clock for heap and collections. */
  readonly at: number;
  readonly usedBytes: number;
  readonly residentBytes: number;
  readonly allocatedBytes: number;
  readonly gc: Readonly<Partial<Record<GcKind, { readonly count: number; readonly pauseMs: number }>>>;
}

const periodMs = 1000;
const samplesKept = 600;

/** Heap and garbage collections of the last ten minutes, a sample a second. */
export class MemoryTimeline {
  readonly #samples = new Ring<MemorySample>(samplesKept);
  readonly #meter = new AllocationMeter();
  readonly #stopGc: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #listeners = new Set<(sample: MemorySample) => void>();
  #gc: Partial<Record<GcKind, { count: number; pauseMs: number }>> = {};

  constructor() {
    this.#stopGc = onGc(({ kind, durationMs }) => {
      const { count = 0, pauseMs = 0 } = this.#gc[kind] ?? {};
      this.#gc[kind] = { count: count + 1, pauseMs: pauseMs + durationMs };
    });
    this.#timer = setInterval(() => this.sample(), periodMs).unref();
  }

  /** Closes the sample that is open, and keeps it. */
  sample(): MemorySample {
    const sample = {
      at: Date.now(),
      ...this.#meter.read(),
      residentBytes: process.memoryUsage.rss(),
      gc: this.#gc,
    };
    this.#gc = {};
    this.#samples.push(sample);
    for (const listener of this.#listeners) listener(sample);
    return sample;
  }

  /** Calls a listener with each sample. Returns a function that ends this. */
  onSample(listener: (sample: MemorySample) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  toJson(): { readonly samples: readonly MemorySample[]; readonly peaks: readonly AllocationPeak[] } {
    const samples = this.#samples.toArray();
    return { samples, peaks: findAllocationPeaks(samples) };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stopGc();
    this.#meter.close();
  }
}

/** The timeline of this process. */
export function shareMemoryTimeline(): SharedUse<MemoryTimeline> {
  return share(
    'timeline',
    () => new MemoryTimeline(),
    (timeline) => {
      timeline.close();
    },
  );
}
