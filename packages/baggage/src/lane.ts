import { context, propagation, type Context } from '@opentelemetry/api';
import { baseline } from './baseline.ts';
import { ensureContextManager } from './context-manager.ts';
import { RequestCell } from './request-cell.ts';
import { getCell, withCell } from './request-context.ts';

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

/** Runs a function, and all it starts, in a lane of its own: for jobs and cron, which no inbound request dyes. */
export function runInLane<T>(lane: string, fn: () => T): T {
  ensureContextManager();
  const cell = new RequestCell();
  cell.dye(lane);
  return context.with(withCell(context.active(), cell), fn);
}
