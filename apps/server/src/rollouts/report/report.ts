import { diff, type Difference } from '../../model/diff.ts';
import type { Revision } from '../../model/revision.ts';
import type { LookDetails } from '../evidence/look-source.ts';
import { carriersOf, type CountedPart } from '../process/parts.ts';
import type { Act, RolloutRecord, Watch } from '../process/record.ts';
import { actOfRevision } from '../targeting/act-of-revision.ts';
import { viewOf } from './view.ts';

/** The report of a rollout: how it went, and the evidence for each act. */
export interface Report {
  readonly environment: string;
  /** ISO 8601. */
  readonly at: string;
  readonly rollout: object;
  readonly who: Who;
  readonly acts: readonly ReportedAct[];
  readonly series: Watch['series'];
  readonly distributions: Watch['distributions'];
  /** The services, routes and instances that carry the difference, the greatest first. */
  readonly carriers: readonly CountedPart[];
}

/** The units in the arms. */
export interface Who {
  readonly flag: string;
  readonly lane: string;
  readonly control: string;
  readonly unit: string;
  readonly unitKey: string;
  /** A flagd condition; absent if every unit is eligible. */
  readonly eligible?: unknown;
  /** Draws the units: those with the same seed and weight are the same. */
  readonly seed: string;
  /** The requests of each arm since the release began. */
  readonly requests?: { readonly gray: number; readonly control: number };
  /** The effective number of units in each arm, where the signals have it. */
  readonly units?: { readonly gray: number; readonly control: number };
}

/** An act with its revision, and signals around it. */
export interface ReportedAct extends Act {
  readonly revision?: string;
  readonly diff?: readonly Difference[];
  readonly details?: LookDetails;
}

/** The parts of a report beside the record. */
export interface ReportOptions {
  readonly environment: string;
  readonly now: number;
  /** The revisions of the dye rule, in any order. */
  readonly revisions: readonly Revision[];
  /** By the number of the act. */
  readonly details: ReadonlyMap<number, LookDetails>;
}

/** Makes the report of a rollout. */
export function reportOf(record: RolloutRecord, options: ReportOptions): Report {
  const { environment, now, revisions, details } = options;
  const { definition, watch, seed } = record;
  const { flag, lane, unit, unitKey, eligible } = definition;
  const { verdict } = watch;
  const last = record.acts.at(-1)?.move;
  const moves = new Map<number | undefined, Revision>();
  for (const revision of revisions) {
    const act = actOfRevision(revision);
    if (act?.id === record.id) moves.set(act.move ?? last, revision);
  }
  const acts = record.acts.map((act): ReportedAct => {
    const revision = moves.get(act.move);
    const found = details.get(act.move);
    return {
      ...act,
      ...(revision && { revision: revision.revision, diff: revision.changes.flatMap(diff) }),
      ...(found && { details: explained(found, act.kind, lane) }),
    };
  });
  return {
    environment,
    at: new Date(now).toISOString(),
    rollout: viewOf(record),
    who: {
      flag,
      lane,
      control: `${lane}-control`,
      unit,
      unitKey,
      ...(eligible !== undefined && { eligible }),
      seed,
      ...(verdict && { requests: verdict.requests }),
      ...(verdict?.units && { units: verdict.units }),
    },
    acts,
    series: watch.series,
    distributions: watch.distributions,
    carriers: carriersOf(watch.parts, verdict?.sli),
  };
}

/** How to send the signals that are missing. Before a rollout there can be none of its lanes. */
function explained(details: LookDetails, kind: Act['kind'], lane: string): LookDetails {
  if (kind === 'start') return details;
  const { traces, runtime = [], missing = [] } = details;
  const hasTraces = traces !== undefined && traces.gray.length + traces.control.length > 0;
  const more = [
    ...(hasTraces ? [] : [noTraces(lane)]),
    ...(runtime.length > 0 ? [] : [noRuntime]),
    ...missing,
  ];
  return more.length === 0 ? details : { ...details, missing: more };
}

function noTraces(lane: string): string {
  return `no traces of the lanes ${lane} and ${lane}-control had arrived in the 15 minutes before: let the services export them to this server by OTLP (OTEL_TRACES_EXPORTER=otlp, OTEL_EXPORTER_OTLP_ENDPOINT)`;
}

const noRuntime =
  'no signals of the runtime had arrived, e.g. nodejs.eventloop.delay.p99: install @opentelemetry/instrumentation-runtime-node in the services, and let them export metrics to this server by OTLP';
