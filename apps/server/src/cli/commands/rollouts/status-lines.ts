import type { Verdict } from '@graylane/rollout';
import type { components } from '../../../protocols/admin/gen/admin-api.ts';

/** A rollout as the admin API returns it. */
export type Rollout = Omit<components['schemas']['Rollout'], 'verdict'> & { readonly verdict?: Verdict };

type Summary = components['schemas']['RolloutSummary'];

/** A rollout in one line. */
export function summaryLine({
  id,
  flag,
  lane,
  state,
  step,
  steps,
  weights,
  standing,
  mode,
  finished,
}: Summary): string {
  const kind = standing ? 'standing lanes' : `step ${step} of ${steps}`;
  const over = finished ? ', finished' : '';
  return `${id}  ${lane} by the flag ${flag}: ${state.replace('_', ' ')}${over}, ${kind}, ${weights.gray} % gray, ${weights.control} % control, mode ${mode}`;
}

/** A rollout in some lines: its state, the reason, and the evidence. */
export function statusLines(rollout: Rollout, now: number): readonly string[] {
  const { because, holds, verdict, looks, aaLooks, calibrating, lookedAt, ageSeconds, falseAlarms } = rollout;
  const lines = [summaryLine(rollout), `because   ${because}`];
  if (calibrating.length > 0) {
    lines.push(`A/A       ${aaLooks} looks at ${calibrating[0]} %, both arms on the same code`);
  }
  const age = ageSeconds === undefined ? '' : `, data ${ageSeconds} s old`;
  const last =
    looks === 0
      ? 'no look yet'
      : `${count(looks, 'look')}, the last ${seconds(now - Date.parse(lookedAt))} ago`;
  lines.push(`looks     ${last}${age}`);
  if (verdict !== undefined) lines.push(...evidenceLines(verdict));
  if (falseAlarms !== undefined) {
    const { today } = falseAlarms;
    lines.push(`alarms    ${alarmsText(falseAlarms)}, all of them falsely`);
    if (today !== undefined) lines.push(`          of them on ${today.day}: ${alarmsText(today)}`);
  }
  return [...lines, ...holds.map((hold) => `hold      ${hold}`)];
}

type Alarms = Pick<NonNullable<Rollout['falseAlarms']>, 'mockRollouts' | 'pauses' | 'rollbacks'>;

function alarmsText({ mockRollouts, pauses, rollbacks }: Alarms): string {
  return `${count(mockRollouts, 'mock rollout')}: ${pauses} paused, ${rollbacks} rolled back`;
}

function evidenceLines({ action, because, total, slis }: Verdict): readonly string[] {
  const { fast, robust, reverse, threshold } = total;
  const numbers = `fast ${fixed(fast)}, robust ${fixed(robust)}, reverse ${fixed(reverse)} of ${fixed(threshold)}`;
  return [
    `verdict   ${action}: ${because}`,
    `ln E      ${numbers}`,
    ...Object.entries(slis).map(([name, sli]) => {
      const measured = sli.boundary === undefined ? 'bad' : `slower than ${sli.boundary} s`;
      return `          ${name}: ${portion(sli.gray)} of gray, ${portion(sli.control)} of control ${measured}`;
    }),
  ];
}

function portion({ bad, total }: { readonly bad: number; readonly total: number }): string {
  const percent = total === 0 ? 0 : (bad / total) * 100;
  return `${bad} of ${total} (${Number(percent.toPrecision(2))} %)`;
}

function fixed(value: number): string {
  return value.toFixed(2);
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
