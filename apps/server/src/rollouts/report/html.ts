import type { Verdict } from '@graylane/rollout';
import type { Hop, LookDetails, SlowTrace } from '../evidence/look-source.ts';
import type { CountedPart } from '../process/parts.ts';
import { escapeHtml } from './escape.ts';
import { distributionPlot, evidencePlot } from './plots.ts';
import { percentOf } from './percent.ts';
import type { Report, ReportedAct, Who } from './report.ts';

/** The policy under which the page shows its own style and nothing else. */
export const reportPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const style = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111827}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;width:100%;font-size:14px}
td,th{border-bottom:1px solid #e5e7eb;padding:.25rem .5rem;text-align:left;vertical-align:top}code,pre{font:13px/1.4 ui-monospace,monospace}
pre{background:#f9fafb;padding:.5rem;overflow:auto}.because{background:#f3f4f6;padding:.75rem;border-left:4px solid #6b7280}svg{max-width:100%;height:auto}
figure{margin:1rem 0}figcaption{font-weight:600;font-size:14px}h4{margin:1rem 0 .25rem}summary{margin-top:1rem;cursor:pointer}`;

/** The report as one page without scripts, links to other hosts, or anything to load. */
export function reportHtml(report: Report): string {
  const { rollout, who, acts, environment, at } = report;
  const { id, state, because, verdict, holds } = rollout as Shown;
  const title = `Rollout ${id} of ${who.lane}: ${state.replace('_', ' ')}`;
  const body = [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p>Environment <code>${escapeHtml(environment)}</code>, as of ${escapeHtml(at)}</p>`,
    `<p class="because">${escapeHtml(because)}</p>`,
    section('Who was in', whoTable(who)),
    section(
      'Evidence over time',
      evidencePlot(report.series) + verdictTable(verdict) + list('Reasons to hold', holds),
    ),
    section(
      'Distributions',
      Object.entries(report.distributions)
        .map(([name, one]) => distributionPlot(name, one))
        .join(''),
    ),
    section('Services, routes and instances that carry the difference', partsTable(report.carriers)),
    section(
      'Acts',
      acts
        .toReversed()
        .map((act, index) => actSection(act, index === 0))
        .join(''),
    ),
  ];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${style}</style></head><body>${body.join('\n')}</body></html>\n`;
}

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly because: string;
  readonly verdict?: Verdict;
  readonly holds: readonly string[];
}

function section(title: string, content: string): string {
  return `<h2>${escapeHtml(title)}</h2>${content === '' ? '<p>There is no data.</p>' : content}`;
}

function whoTable({ requests, units, eligible, ...who }: Who): string {
  const rows: Array<readonly unknown[]> = [
    ['dye rule', who.flag],
    ['gray lane', who.lane],
    ['control lane', who.control],
    ['unit', `${who.unit}, by the attribute ${who.unitKey}`],
    ['eligible', eligible === undefined ? 'every unit' : JSON.stringify(eligible)],
    ['seed', who.seed],
  ];
  if (requests) rows.push(['requests', `${requests.gray} gray, ${requests.control} control`]);
  if (units)
    rows.push(['effective units', `${Math.round(units.gray)} gray, ${Math.round(units.control)} control`]);
  return table([], rows);
}

function verdictTable(verdict: Verdict | undefined): string {
  if (verdict === undefined) return '';
  const { total, slis, action } = verdict;
  const rows = Object.entries(slis).map(([name, sli]) => [
    name,
    sli.fast.toFixed(2),
    sli.robust.toFixed(2),
    sli.reverse.toFixed(2),
    `${sli.gray.bad} of ${sli.gray.total}`,
    `${sli.control.bad} of ${sli.control.total}`,
    sli.boundary === undefined ? 'bad' : `slower than ${sli.boundary} s`,
  ]);
  const all = ['all', total.fast.toFixed(2), total.robust.toFixed(2), total.reverse.toFixed(2), '', '', ''];
  const head = ['SLI', 'ln E fast', 'ln E robust', 'ln E reverse', 'gray', 'control', 'counted'];
  return `<p>The last verdict is <b>${escapeHtml(action)}</b>; a test must reach ${total.threshold.toFixed(2)}.</p>${table(head, [...rows, all])}`;
}

function partsTable(parts: readonly CountedPart[]): string {
  if (parts.length === 0) return '';
  const shown = ({ requests, bad, seconds }: CountedPart['gray']): string => {
    const mean = requests === 0 ? '' : `, ${((seconds / requests) * 1000).toFixed(1)} ms on average`;
    return bad > 0 ? `${bad} of ${requests} bad${mean}` : `${requests} requests${mean}`;
  };
  const rows = parts.map(({ sli, service, route = '', instance = '', gray, control }) => [
    sli,
    service,
    route,
    instance,
    shown(gray),
    shown(control),
  ]);
  return table(['SLI', 'service', 'route', 'instance', 'gray', 'control'], rows);
}

/** The details of the newest act are open. */
function actSection(act: ReportedAct, isNewest: boolean): string {
  const { kind, at, author, reason, state, step, weight, revision, move } = act;
  const rows = [
    ['state after it', `${state.replace('_', ' ')}, step ${step}, ${weight} %`],
    ['author', author],
    ['reason', reason],
    ['revision', revision ?? 'none of its own'],
  ];
  const difference =
    act.diff === undefined
      ? ''
      : `<h4>Difference of the revision</h4><pre>${escapeHtml(act.diff.map((one) => JSON.stringify(one)).join('\n'))}</pre>`;
  const carriers =
    act.carriers === undefined || act.carriers.length === 0
      ? ''
      : `<h4>Services, routes and instances that carried the difference</h4>${partsTable(act.carriers)}`;
  const details = detailTables(act.details);
  const signals =
    details === ''
      ? ''
      : `<details${isNewest ? ' open' : ''}><summary>Signals around it</summary>${details}</details>`;
  return `<h3 id="act-${move}">${escapeHtml(`${at} ${kind}`)}</h3>${table([], rows)}${carriers}${signals}${difference}`;
}

function detailTables(details: LookDetails | undefined): string {
  if (details === undefined) return '';
  const { traces, runtime = [], lastDays = [], missing = [] } = details;
  const row = (lane: string, trace: SlowTrace): readonly unknown[] => [
    lane,
    trace.traceId,
    [trace, ...(trace.hops ?? [])].map(hopText).join(', '),
  ];
  const slow =
    traces === undefined
      ? []
      : [...traces.gray.map((one) => row('gray', one)), ...traces.control.map((one) => row('control', one))];
  const signals = runtime.map(({ lane = '', service, instance, name, value, unit }) => [
    lane,
    service,
    instance,
    name,
    unit === 'By' ? `${(value / 1e6).toFixed(1)} MB` : `${Number(value.toPrecision(3))} ${unit}`,
  ]);
  const past = lastDays.map(({ sli, at, requests, badRatio, p95 }) => [
    sli,
    new Date(at).toISOString(),
    requests,
    badRatio === undefined ? '' : percentOf(badRatio),
    p95 === undefined ? '' : `${p95} s`,
  ]);
  return [
    titled('Slowest traces', ['lane', 'trace', 'its slowest requests'], slow),
    titled('Runtime', ['lane', 'service', 'instance', 'signal', 'value'], signals),
    titled('The same hour of the last days (context alone)', ['SLI', 'hour', 'requests', 'bad', 'p95'], past),
    list('Missing details', missing),
  ].join('');
}

function hopText({ service, name, seconds, failed }: Hop): string {
  return `${service} ${name} ${(seconds * 1000).toFixed(1)} ms${failed ? ' failed' : ''}`;
}

function titled(title: string, head: readonly string[], rows: ReadonlyArray<readonly unknown[]>): string {
  return rows.length === 0 ? '' : `<h4>${escapeHtml(title)}</h4>${table(head, rows)}`;
}

function list(title: string, items: readonly string[]): string {
  if (items.length === 0) return '';
  return `<p>${escapeHtml(title)}:</p><ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
}

function table(head: readonly string[], rows: ReadonlyArray<readonly unknown[]>): string {
  const cells = (tag: string, row: readonly unknown[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>${head.length > 0 ? cells('th', head) : ''}${rows.map((row) => cells('td', row)).join('')}</table>`;
}
