import type { components } from '../../../protocols/admin/gen/admin-api.ts';
import { errorText, latencyText } from '../traffic/lanes.ts';
import { tableText } from '../traffic/table.ts';

/** Requests, errors and latency before and after a change; empty without any data. */
export function changeSlisText({
  lanes,
  missing,
  windowSeconds,
  isComplete,
}: components['schemas']['ChangeSlis']): string {
  if (lanes.length === 0) return '';
  const note = missing === null ? '' : `no comparison: ${missing}\n`;
  const head = ['lane', 'requests', 'errors before', 'errors after', 'p95 before', 'p95 after'];
  const rows = lanes.map(({ lane, before, after }) => [
    lane,
    `${before.requests}, ${after.requests}`,
    errorText(before),
    errorText(after),
    latencyText(before),
    latencyText(after),
  ]);
  const open = isComplete ? '' : ', so far';
  return `\n${windowSeconds} s before and after the change${open}\n${tableText([head, ...rows])}${note}`;
}
