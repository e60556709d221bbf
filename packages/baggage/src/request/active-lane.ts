import { context, propagation, type Context } from '@opentelemetry/api';
import { baseline } from '../codec/names.ts';
import { ensureContextManager } from './context-manager.ts';
import { markerOf, type MarkOptions } from '../lane/mark.ts';
import { RequestCell } from './cell.ts';
import { getCell, withCell } from './context.ts';
import { W3cBaggage } from '../codec/lazy-baggage.ts';

/** The lane of the active request; `baseline` where nobody dyed it. */
export function getActiveLane(): string {
  return getLane(context.active());
}

/** The lane of an OTel context; `baseline` where nobody dyed it. */
export function getLane(otelContext: Context): string {
  const cell = getCell(otelContext);
  if (cell) return cell.lane;
  return propagation.getBaggage(otelContext)?.getEntry('lane')?.value || baseline;
}

/** The cell of the active request, if there is one. */
export function getActiveCell(): RequestCell | undefined {
  return getCell(context.active());
}

/** What a job takes along, and how its mark is made. */
export interface RunInLaneOptions extends MarkOptions {
  /** Further members, e.g. `{ 'user-id': 'ada' }` where the baggage mapping reads the targeting key from there. Default: none. */
  readonly members?: Readonly<Record<string, string>>;
  /** The key of the member that holds the lane. Default: `lane`. */
  readonly laneKey?: string;
}

/**
 * Runs a function, and all it starts, in a lane of its own: for jobs and cron, which no inbound request dyes.
 * @throws {TypeError} where the mark is to be signed with what can't sign.
 */
export function runInLane<T>(lane: string, fn: () => T, options: RunInLaneOptions = {}): T {
  ensureContextManager();
  const { members = {}, laneKey = 'lane' } = options;
  const cell = new RequestCell(W3cBaggage.empty, laneKey);
  cell.dye(lane, Object.entries(members), markerOf(options));
  return context.with(withCell(context.active(), cell), fn);
}
