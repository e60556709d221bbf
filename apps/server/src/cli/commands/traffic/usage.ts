import type { components } from '../../../protocols/admin/gen/admin-api.ts';
import { refusal, requestAdmin, type Target } from '../admin-client.ts';
import { tableText } from './table.ts';

/** The options of `graylane-server usage [FLAG]`. */
export interface UsageOptions extends Target {
  readonly flag?: string | undefined;
  readonly unusedDays?: number | undefined;
  readonly constantDays?: number | undefined;
  /** Print the response as JSON. */
  readonly json: boolean;
}

type FlagUsage = components['schemas']['FlagUsage'];
type Summary = components['schemas']['UsageSummary'];

/** Prints how often one flag, or each flag, is evaluated. */
export async function usageCommand(options: UsageOptions): Promise<void> {
  const { flag, unusedDays, constantDays, json, ...target } = options;
  const query = new URLSearchParams();
  if (unusedDays !== undefined) query.set('unusedDays', String(unusedDays));
  if (constantDays !== undefined) query.set('constantDays', String(constantDays));
  const path = flag === undefined ? `/usage?${query.toString()}` : `/flags/${encodeURIComponent(flag)}/usage`;
  const response = await requestAdmin(target, path);
  if (response.status !== 200) throw refusal(response);
  if (json) console.log(JSON.stringify(response.body, null, 2));
  else if (flag === undefined) process.stdout.write(listText(response.body as { flags: Summary[] }));
  else process.stdout.write(flagText(response.body as FlagUsage));
}

function listText({ flags }: { readonly flags: readonly Summary[] }): string {
  if (flags.length === 0) return 'no flags\n';
  const rows = flags.map(({ flag, lastEvaluated, evaluations, services, variants }) => [
    flag,
    lastEvaluated ?? 'never',
    String(evaluations),
    variants.map(({ variant }) => variant ?? defaultText).join(' '),
    services.join(' '),
  ]);
  return tableText([['flag', 'last evaluated', 'evaluations', 'variants', 'services'], ...rows]);
}

function flagText({ flag, since, lastEvaluated, evaluations, services, variants, rules }: FlagUsage): string {
  const head = `${flag}: ${evaluations} evaluations since ${since}, the last one ${lastEvaluated ?? 'never'}\n`;
  const countCells = (one: Counted): string[] => [
    String(one.evaluations),
    String(one.last5Minutes),
    one.lastEvaluated ?? 'never',
  ];
  const columns = ['evaluations', 'last 5 min', 'last'];
  const tables = [
    tableText([
      ['variant', ...columns],
      ...variants.map((one) => [one.variant ?? defaultText, ...countCells(one)]),
    ]),
    tableText([
      ['rule', ...columns],
      ...rules.map((one) => [one.condition ?? 'otherwise', ...countCells(one)]),
    ]),
    tableText([['service', ...columns], ...services.map((one) => [one.service, ...countCells(one)])]),
  ];
  return [head, ...tables].join('\n');
}

/** A value that is not from a variant. */
const defaultText = '(default of the code)';

interface Counted {
  readonly evaluations: number;
  readonly last5Minutes: number;
  readonly lastEvaluated: string | null;
}
