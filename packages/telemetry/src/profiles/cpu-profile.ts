import { Session, type Profiler } from 'node:inspector/promises';
import type { CallFrame } from './call-frame.ts';
import { PprofBuilder } from './pprof-builder.ts';
import { wait } from './wait.ts';

/** 10 ms, as in Go: 100 samples a second. */
const intervalUs = 10_000;

/** Records this thread for some seconds. @throws the reason of the signal when it is aborted. */
export async function recordCpu(seconds: number, signal?: AbortSignal): Promise<Profiler.Profile> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: intervalUs });
    await session.post('Profiler.start');
    await wait(seconds, signal);
    return (await session.post('Profiler.stop')).profile;
  } finally {
    session.disconnect();
  }
}

/** A `.cpuprofile` in pprof's format. Idle time and time outside JavaScript are left out. */
export async function cpuProfileToPprof(
  profile: Profiler.Profile,
  comments: readonly string[] = [],
): Promise<Uint8Array> {
  const builder = new PprofBuilder([
    ['samples', 'count'],
    ['cpu', 'nanoseconds'],
  ]);
  const stacks = stacksOf(profile);
  for (const [id, { count, us }] of timeByNode(profile)) {
    const stack = stacks.get(id) ?? [];
    if (stack.length > 0) builder.add(stack, [count, us * 1000]);
  }
  return builder.build({
    period: intervalUs * 1000,
    durationMs: (profile.endTime - profile.startTime) / 1000,
    comments,
  });
}

/**
 * The time of a sample ends with the next one. The first delta reaches back before the start, so it
 * belongs to no sample.
 */
function timeByNode({
  samples = [],
  timeDeltas = [],
  startTime,
  endTime,
}: Profiler.Profile): Map<number, { count: number; us: number }> {
  const times = new Map<number, { count: number; us: number }>();
  let at = Math.max(startTime, startTime + (timeDeltas[0] ?? 0));
  samples.forEach((id, index) => {
    const next = Math.min(
      endTime,
      index + 1 < samples.length ? at + Math.max(0, timeDeltas[index + 1] ?? 0) : endTime,
    );
    const time = times.get(id) ?? { count: 0, us: 0 };
    times.set(id, { count: time.count + 1, us: time.us + Math.max(0, next - at) });
    at = next;
  });
  return times;
}

const notCode = new Set(['(idle)', '(program)']);

function stacksOf({ nodes }: Profiler.Profile): Map<number, CallFrame[]> {
  const stacks = new Map<number, CallFrame[]>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const root = nodes[0];
  const open = root ? [{ node: root, stack: [] as CallFrame[] }] : [];
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const { node, stack } = entry;
    stacks.set(node.id, stack);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child && !notCode.has(child.callFrame.functionName)) {
        open.push({ node: child, stack: [child.callFrame, ...stack] });
      }
    }
  }
  return stacks;
}
