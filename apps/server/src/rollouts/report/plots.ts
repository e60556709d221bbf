import type { Distributions } from '../process/distributions.ts';
import type { Point } from '../process/record.ts';
import { escapeHtml } from './escape.ts';
import { percentOf } from './percent.ts';

/** The area of a plot, in SVG units, with room for labels. */
const [width, height, left, top, bottom] = [720, 220, 48, 14, 30];
const right = width - 12;

/** ln E is drawn up to so many thresholds. */
const shownThresholds = 3;

const colors = {
  fast: '#b45309',
  robust: '#b91c1c',
  reverse: '#15803d',
  gray: '#6b7280',
  control: '#2563eb',
};

/** The evidence over time: ln E of each test, and the threshold that it must reach. */
export function evidencePlot(points: readonly Point[]): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return '<p>There is no look yet.</p>';
  const tests = ['fast', 'robust', 'reverse'] as const;
  const values = points.flatMap((point) => [...tests.map((test) => point[test]), point.threshold]);
  // Beyond, more evidence makes no difference, and the threshold could not be seen.
  const limit = shownThresholds * last.threshold;
  const low = Math.min(0, Math.max(-limit, Math.min(...values)));
  const high = Math.max(1, Math.min(limit, Math.max(...values)));
  const x = (at: number): number => scale(at, [first.at, Math.max(last.at, first.at + 1)], [left, right]);
  const y = (value: number): number =>
    scale(Math.min(high, Math.max(low, value)), [low, high], [height - bottom, top]);
  const lines = tests.map((test) =>
    line(
      points.map((point) => [x(point.at), y(point[test])]),
      colors[test],
    ),
  );
  const threshold = line(
    points.map((point) => [x(point.at), y(point.threshold)]),
    '#111827',
    '5 4',
  );
  const steps = points.flatMap((point, index) =>
    index > 0 && point.step !== points[index - 1]?.step ? [stepMark(x(point.at), point.step)] : [],
  );
  const labels = [
    label(left - 6, y(last.threshold) + 4, round(last.threshold), 'end'),
    label(left - 6, y(0) + 4, '0', 'end'),
    label(left, height - 10, clock(first.at), 'start'),
    label(right, height - 10, clock(last.at), 'end'),
  ];
  const legend = key([...tests.map((test) => [test, colors[test]] as const), ['threshold', '#111827']]);
  return plot('ln E of each test over time, and the threshold that it must reach', [
    ...steps,
    threshold,
    ...lines,
    ...labels,
    legend,
  ]);
}

/** How the requests of both arms are distributed. */
export function distributionPlot(name: string, distributions: Distributions): string {
  return distributions.kind === 'errors' ? badPlot(name, distributions) : latencyPlot(name, distributions);
}

/** The share of requests that took longer than each bound, from 100 % down. */
function latencyPlot(
  name: string,
  { bounds, gray, control }: Extract<Distributions, { kind: 'latency' }>,
): string {
  const used = bounds.map((_, index) => index).filter((index) => bounds[index] !== 0);
  const [first = 0, last = 0] = [used[0], used.at(-1)];
  const x = (index: number): number => scale(index, [first, Math.max(last, first + 1)], [left, right]);
  const y = (share: number): number => scale(share, [0, 1], [height - bottom, top]);
  const curve = (counts: readonly number[]): Array<[number, number]> => {
    const above = exceeding(counts);
    return used.map((index) => [x(index), y(above[index] ?? 0)]);
  };
  const ticks = used
    .filter((_, at) => at % Math.ceil(used.length / 8) === 0)
    .map((index) => label(x(index), height - 10, seconds(bounds[index] ?? 0), 'middle'));
  return plot(`${name}: share of requests that took longer`, [
    label(left - 6, y(1) + 4, '100 %', 'end'),
    label(left - 6, y(0) + 4, '0', 'end'),
    line(curve(control), colors.control),
    line(curve(gray), colors.gray),
    ...ticks,
    key([
      ['gray', colors.gray],
      ['control', colors.control],
    ]),
  ]);
}

function badPlot(name: string, { gray, control }: Extract<Distributions, { kind: 'errors' }>): string {
  const share = ({ bad, total }: { bad: number; total: number }): number => (total === 0 ? 0 : bad / total);
  const most = Math.max(share(gray), share(control), 1e-9);
  const bar = (index: number, arm: 'gray' | 'control', counts: { bad: number; total: number }): string => {
    const length = scale(share(counts), [0, most], [0, right - left - 220]);
    const at = top + 20 + index * 60;
    const shown = `${arm}: ${counts.bad} of ${counts.total} (${percentOf(share(counts))})`;
    return `<rect x="${left}" y="${at}" width="${round(length)}" height="34" fill="${colors[arm]}"/>${label(left + length + 8, at + 22, shown, 'start')}`;
  };
  return plot(`${name}: share of requests that were bad`, [bar(0, 'gray', gray), bar(1, 'control', control)]);
}

/** The share of requests above each bound. */
function exceeding(counts: readonly number[]): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let above = total;
  return counts.slice(0, -1).map((count) => {
    above -= count;
    return total === 0 ? 0 : above / total;
  });
}

function plot(title: string, parts: readonly string[]): string {
  const caption = `<figcaption>${escapeHtml(title)}</figcaption>`;
  const axis = `<path d="M${left} ${top}V${height - bottom}H${right}" fill="none" stroke="#9ca3af"/>`;
  return `<figure>${caption}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${escapeHtml(title)}" font-family="sans-serif" font-size="12">${axis}${parts.join('')}</svg></figure>`;
}

function line(points: ReadonlyArray<readonly [number, number]>, color: string, dashes?: string): string {
  const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');
  const dash = dashes === undefined ? '' : ` stroke-dasharray="${dashes}"`;
  return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="1.5"${dash}/>`;
}

function stepMark(x: number, step: number): string {
  return `<path d="M${round(x)} ${top}V${height - bottom}" stroke="#d1d5db"/>${label(x + 4, top + 10, `step ${step}`, 'start')}`;
}

function label(x: number, y: number, shown: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="#374151">${escapeHtml(shown)}</text>`;
}

function key(entries: ReadonlyArray<readonly [string, string]>): string {
  return entries
    .map(([name, color], index) => {
      const x = left + 12 + index * 92;
      return `<rect x="${x}" y="2" width="10" height="10" fill="${color}"/>${label(x + 15, 11, name, 'start')}`;
    })
    .join('');
}

function scale(
  value: number,
  [from, to]: readonly [number, number],
  [start, end]: readonly [number, number],
): number {
  return to === from ? start : start + ((value - from) / (to - from)) * (end - start);
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function seconds(value: number): string {
  return value < 1 ? `${Number((value * 1000).toPrecision(2))} ms` : `${Number(value.toPrecision(2))} s`;
}

function clock(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
