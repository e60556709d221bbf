import type { components } from '../../../protocols/admin/gen/admin-api.ts';
import { refusal, requestAdmin, type Target } from '../admin-client.ts';
import { percentText, tableText } from './table.ts';

/** The options of `graylane-server lanes`. */
export interface LanesOptions extends Target {
  /** Print the response as JSON. */
  readonly json: boolean;
}

type Lanes = components['schemas']['Lanes'];
type Lane = components['schemas']['Lane'];

/** Prints the lanes: share, errors and latency beside the control, rules, services, rollout. */
export async function lanesCommand({ json, ...target }: LanesOptions): Promise<void> {
  const response = await requestAdmin(target, '/lanes');
  if (response.status !== 200) throw refusal(response);
  if (json) console.log(JSON.stringify(response.body, null, 2));
  else process.stdout.write(lanesText(response.body as Lanes));
}

function lanesText({ lanes, requests, windowSeconds, events }: Lanes): string {
  const rows = lanes.map((lane) => [
    lane.killed ? `${lane.lane} (killed)` : lane.lane,
    percentText(lane.share),
    String(lane.requests),
    errorText(lane),
    latencyText(lane),
    lane.beside === null ? '' : `${lane.beside.lane}: ${errorText(lane.beside)}, ${latencyText(lane.beside)}`,
    lane.services.map(({ service }) => service).join(' '),
  ]);
  const head = ['lane', 'share', 'requests', 'errors', 'p95', 'beside', 'services'];
  const lines = [
    `${requests} requests in the last ${windowSeconds} s\n`,
    tableText([head, ...rows]),
    lanes.flatMap(notesOf).join(''),
    events.map(({ service, event, count }) => `${service}: ${count} ${event}\n`).join(''),
  ];
  return lines.filter((line) => line !== '').join('\n');
}

function notesOf({ lane, rules, rollout, escaped, leaked, fallback }: Lane): string[] {
  const notes = rules.map(({ flag, condition, percent, isDefault }) => {
    const share = percent === null ? '' : `${percent} % of `;
    const who = isDefault === true ? 'by default' : `if ${share}${condition ?? 'all others'}`;
    return `${lane}: ${who} (${flag})\n`;
  });
  const lapses = { escaped, leaked, fallback };
  for (const [lapse, count] of Object.entries(lapses))
    if (count > 0) notes.push(`${lane}: ${count} ${lapse}\n`);
  if (rollout !== null) {
    const { id, state, step, steps } = rollout as Readonly<Record<string, unknown>>;
    notes.push(
      `${lane}: rollout ${String(id)} is ${String(state)}, step ${String(step)} of ${String(steps)}\n`,
    );
  }
  return notes;
}

type Calls = Pick<Lane, 'errors' | 'latency'>;

/** The share of errors with its interval. */
export function errorText({ errors: { ratio, low, high } }: Calls): string {
  return ratio === null ? '-' : `${percentText(ratio)} (${percentText(low)} to ${percentText(high)})`;
}

/** The bucket in which the p95 lies. */
export function latencyText({ latency }: Calls): string {
  if (latency === null) return '-';
  const { from, to } = latency.p95;
  return to === null ? `over ${milliseconds(from)} ms` : `${milliseconds(from)} to ${milliseconds(to)} ms`;
}

function milliseconds(seconds: number): string {
  const ms = seconds * 1000;
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}
