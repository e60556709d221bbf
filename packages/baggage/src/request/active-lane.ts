import { context, type Context } from '@opentelemetry/api';
import { checkOptions } from '../check-options.ts';
import { LazyBaggage } from '../codec/lazy-baggage.ts';
import { markerOf, type MarkOptions } from '../lane/mark.ts';
import { baseline, defaultLaneKey } from '../lane/names.ts';
import { RequestCell } from './cell.ts';
import { ensureContextManager } from './context-manager.ts';
import { getCell, withCell } from './context.ts';
import { ignoreUnadmitted } from './unadmitted.ts';

/** The lane of the active request; `baseline` if it is not dyed. */
export function getActiveLane(): string {
  return getLane(context.active());
}

/**
 * The lane of an OTel context; `baseline` if it is not dyed, or no ingress policy has admitted its
 * baggage.
 */
export function getLane(otelContext: Context): string {
  const cell = getCell(otelContext);
  if (cell !== undefined) return cell.lane;
  ignoreUnadmitted(otelContext, defaultLaneKey);
  return baseline;
}

/** The cell of the active request, if there is one. */
export function getActiveCell(): RequestCell | undefined {
  return getCell(context.active());
}

/** The members of a job's request, and the options of its mark. */
export interface RunInLaneOptions extends MarkOptions {
  /**
   * Further members, e.g. `{ 'user-id': 'ada' }` if the baggage mapping reads the targeting key
   * from there. Default: none.
   */
  readonly members?: Readonly<Record<string, string>>;
  /** The key of the member that holds the lane. Default: `lane`. */
  readonly laneKey?: string;
}

/**
 * Runs a function, and everything it starts, in a lane of its own: for jobs and cron, which no
 * inbound request dyes. A lane that is not a DNS label is logged once and counted, and the function
 * runs in baseline.
 * @throws {TypeError} if an option is unknown, or the signing key can't be used.
 */
export function runInLane<T>(lane: string, fn: () => T, options: RunInLaneOptions = {}): T {
  checkOptions('runInLane', options, optionTypes, "runInLane('gray', fn, { members: { 'user-id': 'ada' } })");
  ensureContextManager();
  const { members = {}, laneKey = defaultLaneKey } = options;
  const cell = new RequestCell(LazyBaggage.empty, laneKey);
  cell.dye(lane, Object.entries(members), markerOf(options));
  cell.decision = { by: 'job', lane: cell.lane };
  return context.with(withCell(context.active(), cell), fn);
}

const optionTypes = {
  members: 'object?',
  laneKey: 'string?',
  ttlSeconds: 'any?',
  sign: 'object?',
} as const;
