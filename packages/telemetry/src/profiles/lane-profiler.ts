import { processWide } from '../process-wide.ts';
import type { RequestCell } from '@graylane/baggage';
import type { Context } from '@opentelemetry/api';
import { processLanes } from '../lanes/known-lanes.ts';
import { wait } from './wait.ts';

/** The part of `@datadog/pprof` that is used here; the package is an optional peer. */
interface DatadogPprof {
  readonly time: {
    start(options: object): void;
    stop(
      restart: boolean,
      labels: (sample: { context?: { context?: object } }) => Record<string, string>,
    ): object;
    runWithContext<T>(context: object, fn: () => T): T;
    isStarted(): boolean;
  };
  encode(profile: object): Promise<Uint8Array>;
}

/** Either a profile whose samples have the label `lane`, or the reason why it can't be recorded. */
export type LaneProfile = { readonly profile: Uint8Array } | { readonly reason: string };

type RunWithCell = <T>(cell: RequestCell, fn: () => T) => T;

interface LaneProfiling {
  /** Whether a context manager reports requests to the profiler. */
  hasManager: boolean;
  /** Set while a profile by lane is recorded. */
  run: RunWithCell | undefined;
  /** Set while trace and lane are published to profilers outside of the process. */
  publish?: (<T>(otelContext: Context, fn: () => T) => T) | undefined;
}

/** Connects the context manager with the profile that is being recorded. */
export function laneProfiling(): LaneProfiling {
  return processWide('lane profiling', () => ({ hasManager: false, run: undefined }));
}

/**
 * Records CPU time by lane, where this Node can: a sample gets the lane that its request has at the
 * end, so a request that is dyed late counts for its lane from its start. Node 20 has one label for
 * the whole process and would report a wrong split.
 */
export async function recordCpuByLane(seconds: number, signal?: AbortSignal): Promise<LaneProfile> {
  const profiling = laneProfiling();
  if (!profiling.hasManager) {
    return { reason: 'no LaneContextManager is installed: start with --import @graylane/telemetry/register' };
  }
  const pprof = await load();
  if (pprof === undefined) return { reason: '@datadog/pprof is not installed: npm install @datadog/pprof' };
  try {
    pprof.time.start({
      durationMillis: seconds * 1000,
      intervalMicros: 10_000,
      withContexts: true,
      useCPED: true,
      collectCpuTime: true,
    });
  } catch (error) {
    return { reason: `Node ${process.versions.node} can't label samples by request: ${String(error)}` };
  }
  profiling.run = (cell, fn) => pprof.time.runWithContext(cell, fn);
  try {
    await wait(seconds, signal);
  } finally {
    profiling.run = undefined;
    if (signal?.aborted) pprof.time.stop(false, () => ({}));
  }
  const { known } = processLanes();
  const profile = pprof.time.stop(false, ({ context }): Record<string, string> => {
    const cell = context?.context as RequestCell | undefined;
    // Work outside of requests belongs to no lane.
    return cell ? { lane: known.label(cell.lane) } : {};
  });
  return { profile: await pprof.encode(profile) };
}

async function load(): Promise<DatadogPprof | undefined> {
  const name = '@datadog/pprof';
  try {
    const loaded = (await import(name)) as DatadogPprof & { readonly default?: DatadogPprof };
    return loaded.default ?? loaded;
  } catch {
    // Not installed, or no binary for this platform: the response reports that the profile can't be
    // split.
    return undefined;
  }
}
