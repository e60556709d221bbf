import { cpuProfileToPprof, recordCpu } from '../profiles/cpu-profile.ts';
import { heapProfileToPprof, type HeapSampler } from '../profiles/heap-sampler.ts';
import { recordCpuByLane } from '../profiles/lane-profiler.ts';
import { download, text, type Reply } from './reply.ts';
import { choiceOf, secondsOf, type RouteRequest, type Routes } from './route.ts';

/** The longest recording, in seconds. */
const longest = 120;
const laneHeader = 'graylane-cpu-by-lane';

/** Profiles at the paths that Go's net/http/pprof has, so that `go tool pprof URL` finds them. */
export function pprofRoutes(sampler: HeapSampler | undefined): Routes {
  const noSampler = (): Reply => text('heap sampling is switched off (heapSampling: false)', 404);
  return {
    '/debug/pprof/profile': {
      about: `CPU profile, by lane where Node can; ?seconds= (30, at most ${longest}), ?format=cpuprofile for Chrome DevTools`,
      isRecording: true,
      respond: cpu,
    },
    '/debug/pprof/heap': {
      about: 'live objects by where they were allocated; ?gc=1 collects garbage first, ?format=heapprofile',
      isRecording: true,
      respond: (request) => (sampler ? heap(sampler, request) : noSampler()),
    },
    '/debug/pprof/allocs': {
      about: `all allocations in ?seconds= (10, at most ${longest}); ?format=heapprofile`,
      isRecording: true,
      respond: (request) => (sampler ? allocations(sampler, request) : noSampler()),
    },
    '/debug/pprof/goroutine': {
      about: 'Node has no goroutines; see /debug/requests',
      respond: () => text('Node has no goroutines: /debug/requests lists the requests in flight', 404),
    },
  };
}

async function cpu(request: RouteRequest): Promise<Reply> {
  const seconds = secondsOf(request, 30, longest);
  if (choiceOf(request, 'format', ['pprof', 'cpuprofile']) === 'cpuprofile') {
    const profile = await recordCpu(seconds, request.signal);
    return download('cpu.cpuprofile', JSON.stringify(profile), {
      [laneHeader]: 'no; this format has no labels',
    });
  }
  const byLane = await recordCpuByLane(seconds, request.signal);
  if ('profile' in byLane) return download('cpu.pb.gz', byLane.profile, { [laneHeader]: 'yes' });
  const note = `not split by lane: ${byLane.reason}`;
  const profile = await cpuProfileToPprof(await recordCpu(seconds, request.signal), [note]);
  return download('cpu.pb.gz', profile, { [laneHeader]: `no; ${headerSafe(byLane.reason)}` });
}

async function heap(sampler: HeapSampler, request: RouteRequest): Promise<Reply> {
  const format = choiceOf(request, 'format', ['pprof', 'heapprofile']);
  const profile = await sampler.live({ collectGarbage: request.query.get('gc') === '1' });
  if (format === 'heapprofile') return download('heap.heapprofile', JSON.stringify(profile));
  const since = `live objects allocated since ${new Date(sampler.since).toISOString()}`;
  return download('heap.pb.gz', await heapProfileToPprof(profile, 'inuse_space', [since]));
}

async function allocations(sampler: HeapSampler, request: RouteRequest): Promise<Reply> {
  const format = choiceOf(request, 'format', ['pprof', 'heapprofile']);
  const profile = await sampler.allocations(secondsOf(request, 10, longest), request.signal);
  if (format === 'heapprofile') return download('allocs.heapprofile', JSON.stringify(profile));
  return download('allocs.pb.gz', await heapProfileToPprof(profile, 'alloc_space'));
}

function headerSafe(reason: string): string {
  return reason.replaceAll(/[^\x20-\x7e]/g, ' ');
}
