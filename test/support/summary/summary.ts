import { barsSvg, type Group } from './bars.ts';
import { goals, type Goal } from './goals.ts';
import { rowsOf, type Figure, type Row } from './rows.ts';

/** The rows that users look for first, as the plot shows them. */
const first = [
  { page: 'http', row: 'request', question: 'CPU time', title: 'CPU time of a request to express' },
  { page: 'evaluate', row: 'rule', question: 'one evaluation', title: 'An evaluation of a flag with a rule' },
  { page: 'ofrep', row: 'one flag', question: 'OFREP', title: 'OFREP requests a second, one flag' },
];

/** The files of the summary by name, from the texts of the other pages by their names. */
export function summaryOf(pages: ReadonlyMap<string, string>): Record<string, string> {
  const rowsByPage = [...pages]
    .map(([page, text]): [string, Row[]] => [page, rowsOf(page, text)])
    .filter(([, rows]) => rows.length > 0);
  const all = rowsByPage.flatMap(([, rows]) => rows);
  return {
    'summary.md': `${[
      '# Benchmark: summary',
      'Written by `npm run bench -- --write summary` from the other pages of this folder: every figure beside its peer and its floor.',
      '![The rows that users look for first](summary/first.svg)',
      '## Goals',
      'A figure is a multiple of the peer, of the floor or of another contender of its row. Where a goal is not met, its page shows a profile and the reason.',
      table(
        ['page', 'row', 'contender', 'figure', 'of', 'goal', 'met'],
        goals.map((goal) => goalLine(all, goal)),
      ),
      '## All figures',
      'The first contender of a row is the peer, or the baseline where there is none.',
      ...rowsByPage.flatMap(([page, rows]) => [
        `### [${page}](${page}.md)`,
        table(['row', 'contender', 'median', 'x peer', 'x floor'], rows.flatMap(linesOf)),
      ]),
    ].join('\n\n')}\n`,
    'summary/first.svg': barsSvg(first.map((wanted) => groupOf(all, wanted))),
  };
}

/** The figure that a goal is about, as a multiple of what the goal names. */
export function valueOf(rows: readonly Row[], { page, row, question, contender, of }: Goal): number {
  const found = findRow(rows, { page, row, question });
  const { ratio } = findFigure(found, contender);
  if (of === 'baseline') return ratio;
  return ratio / findFigure(found, of === 'floor' ? of : of.contender).ratio;
}

function goalLine(rows: readonly Row[], goal: Goal): string[] {
  const value = valueOf(rows, goal);
  const of = { baseline: 'peer', floor: 'floor' };
  return [
    `[${goal.page}](${goal.page}.md)`,
    goal.row,
    goal.contender,
    multiple(value),
    typeof goal.of === 'string' ? of[goal.of] : goal.of.contender,
    String(goal.most),
    Number(multiple(value)) <= goal.most ? 'yes' : '**no**',
  ];
}

function groupOf(rows: readonly Row[], { title, ...wanted }: (typeof first)[number]): Group {
  const bars = findRow(rows, wanted).figures.map(({ contender, ratio }) => ({ name: contender, ratio }));
  return { title, bars };
}

function findRow(
  rows: readonly Row[],
  { page, row, question = '' }: { page: string; row: string; question?: string | undefined },
): Row {
  const found = rows.find((one) => one.page === page && one.name === row && one.question.includes(question));
  if (found === undefined) throw new Error(`docs/benchmarks/${page}.md has no row "${row}"`);
  return found;
}

function findFigure({ page, name, figures }: Row, contender: string): Figure {
  const found = figures.find((figure) => figure.contender === contender);
  if (found === undefined) {
    throw new Error(`docs/benchmarks/${page}.md: the row "${name}" has no contender "${contender}"`);
  }
  return found;
}

function linesOf({ name, unit, figures }: Row): string[][] {
  const floor = figures.find(({ contender }) => contender === 'floor');
  return figures.map((figure, index) => [
    index === 0 ? name : '',
    figure.contender,
    `${figure.median.toLocaleString('en')} ${unit}`,
    multiple(figure.ratio),
    floor === undefined || figure === floor ? '' : multiple(figure.ratio / floor.ratio),
  ]);
}

function multiple(value: number): string {
  return String(Number(value >= 1 && value < 2 ? value.toFixed(2) : value.toPrecision(2)));
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((name) => (/^(figure|goal|median|x .*)$/.test(name) ? '---:' : '---'));
  return [line(head), line(rule), ...lines.map(line)].join('\n');
}
