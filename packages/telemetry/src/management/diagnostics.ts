import { readFileSync } from 'node:fs';
import type { MemoryTimeline } from '../memory/memory-timeline.ts';
import { takeHeapSnapshot, type SnapshotLimits } from '../profiles/heap-snapshot.ts';
import type { HeapSampler } from '../profiles/heap-sampler.ts';
import { activeResources } from '../readings/process.ts';
import { recentDecisions } from '../requests/decisions.ts';
import { requestLog } from '../requests/request-log.ts';
import { CoveredRoutes } from '../sli/covered-routes.ts';
import { declaredSlis } from '../sli/sli.ts';
import { pprofRoutes } from './pprof-routes.ts';
import { download, json, text } from './reply.ts';
import type { Routes } from './route.ts';

/** The parts of the management port that the diagnostics use. */
export interface DiagnosticParts {
  readonly timeline: MemoryTimeline | undefined;
  readonly sampler: HeapSampler | undefined;
  readonly snapshot: SnapshotLimits;
  /** The file `routes.json` that `graylane-slis` writes. */
  readonly slis: string | undefined;
}

/** The routes for loopback or a token. */
export function diagnosticRoutes({ timeline, sampler, snapshot, slis }: DiagnosticParts): Routes {
  const routes: Routes = {
    ...pprofRoutes(sampler),
    '/debug/requests': {
      about: 'requests in flight, the oldest first, and what keeps the event loop alive',
      respond: () => json({ ...requestLog().inFlight(), resources: activeResources() }),
    },
    '/debug/slowest': {
      about: 'the slowest requests by lane',
      respond: () => json(requestLog().slowest()),
    },
    '/debug/decisions': {
      about: 'recent flag evaluations; ?flag= and ?lane= select',
      respond: ({ query }) => json(decisions(query)),
    },
    '/debug/slis': {
      about: 'declared service level indicators, and routes that served traffic without one',
      respond: () => json(indicators(slis)),
    },
    '/debug/memory': {
      about:
        'heap and garbage collections of the last ten minutes, and allocation peaks before major collections',
      respond: () => (timeline ? json(timeline.toJson()) : text('the memory timeline is switched off', 404)),
    },
    '/debug/heapsnapshot': {
      about: 'a heap snapshot for Chrome DevTools; the process stops meanwhile',
      isRecording: true,
      respond: () => {
        const outcome = takeHeapSnapshot(snapshot);
        return 'refused' in outcome
          ? text(outcome.refused, 507)
          : download('heap.heapsnapshot', outcome.snapshot);
      },
    },
  };
  return {
    ...routes,
    '/debug/': {
      about: 'this list',
      respond: () =>
        text(
          Object.entries(routes)
            .map(([path, { about }]) => `${path}  ${about}`)
            .join('\n'),
        ),
    },
  };
}

function indicators(contract: string | undefined): unknown {
  const slis = declaredSlis();
  const { routes: inContract, fault } = readContract(contract);
  const declared = [...slis.values()].flatMap(({ routes = [] }) => routes);
  const covered = new CoveredRoutes([...declared, ...inContract]);
  return {
    slis: Object.fromEntries(slis),
    ...(fault === undefined ? {} : { contract: fault }),
    routesWithoutSli: requestLog()
      .routes()
      .filter((route) => !covered.has(route)),
  };
}

/** The routes that the committed contract covers, by calls and by tags of the source. */
function readContract(file: string | undefined): {
  readonly routes: readonly string[];
  readonly fault?: string;
} {
  if (file === undefined) return { routes: [] };
  try {
    return { routes: Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'it does not exist' : message;
    return { routes: [], fault: `${file} can't be read: ${reason}: write it with graylane-slis --out` };
  }
}

function decisions(query: URLSearchParams): unknown {
  const flag = query.get('flag');
  const lane = query.get('lane');
  return recentDecisions()
    .toArray()
    .filter(
      (decision) => (flag === null || decision.flag === flag) && (lane === null || decision.lane === lane),
    )
    .toReversed()
    .map(({ at, ...decision }) => ({ time: new Date(at).toISOString(), ...decision }));
}
