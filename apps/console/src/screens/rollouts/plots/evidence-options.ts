import type uPlot from 'uplot';
import type { Report } from '../model/rollout.ts';
import { shownReport } from '../model/shown-report.ts';

/** The options of the plot, with the colours of the page. */
export function evidenceOptions(width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => resolve(style.getPropertyValue(`--${name}`).trim());
  const line = colour('line');
  const axis = {
    stroke: colour('ink-soft'),
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1 },
  };
  return {
    width,
    height: 260,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_plot, low, high) => [Math.min(low, -4.6) - 0.3, Math.max(high, 3) + 0.7] } },
    axes: [
      {
        ...axis,
        space: 96,
        values: (_plot, splits) => splits.map((seconds) => timeOfDay.format(seconds * 1000)),
      },
      {
        ...axis,
        size: 76,
        splits: (_plot, _axis, low, high) => powersOfTen(low, high),
        values: (_plot, splits) => splits.map(powerInWords),
      },
    ],
    series: [
      {},
      { label: 'fast', stroke: colour('bad'), width: 2, points: { show: true, size: 5 } },
      { label: 'robust', stroke: colour('warn'), width: 2, dash: [8, 3], points: { show: false } },
      { label: 'reverse', stroke: colour('good'), width: 2, dash: [2, 3], points: { show: false } },
      { label: 'threshold', stroke: colour('ink-soft'), width: 1, dash: [6, 6], points: { show: false } },
    ],
    hooks: { drawClear: [(plot) => drawSteps(plot, colour('sunken'), colour('ink-soft'))] },
  };
}

const timeOfDay = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** At most about six powers of ten, as natural logarithms: the axis is one of logarithms. */
function powersOfTen(low: number, high: number): number[] {
  const every = Math.max(1, Math.ceil((high - low) / Math.LN10 / 6));
  const first = Math.ceil(low / Math.LN10 / every) * every;
  const count = Math.floor((high / Math.LN10 - first) / every) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => (first + index * every) * Math.LN10);
}

function powerInWords(ln: number): string {
  const power = Math.round(ln / Math.LN10);
  return Math.abs(power) <= 3 ? `E ${Number((10 ** power).toPrecision(1))}` : `E 10^${power}`;
}

/** Every second step as a band, each with its number. */
function drawSteps(plot: uPlot, band: string, ink: string): void {
  const series = shownReport.peek()?.rollout.series ?? [];
  const { ctx, bbox } = plot;
  ctx.save();
  let from = 0;
  for (let at = 1; at <= series.length; at += 1) {
    const step = stepOf(series[from]);
    if (at < series.length && stepOf(series[at]) === step) continue;
    const left = plot.valToPos(timeOf(series[from]), 'x', true);
    const right = at < series.length ? plot.valToPos(timeOf(series[at]), 'x', true) : bbox.left + bbox.width;
    if (step % 2 === 1) {
      ctx.fillStyle = band;
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
    ctx.fillStyle = ink;
    ctx.font = `${12 * devicePixelRatio}px sans-serif`;
    ctx.fillText(step === 0 ? 'A/A' : `step ${step}`, left + 6, bbox.top + 14 * devicePixelRatio);
    from = at;
  }
  ctx.restore();
}

type Point = Report['rollout']['series'][number];

function stepOf(point: Point | undefined): number {
  return point?.step ?? 0;
}

function timeOf(point: Point | undefined): number {
  return (point?.at ?? 0) / 1000;
}

/** A canvas does not know `light-dark()`. */
function resolve(value: string): string {
  const probe = document.createElement('span');
  probe.style.color = value;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
