import { useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { evidenceInWords } from '../model/intervals.ts';
import type { Report } from '../model/rollout.ts';
import { shownReport } from '../model/shown-report.ts';
import { evidenceOptions } from './evidence-options.ts';

/** The evidence after each look, on a logarithmic axis, with the threshold and the steps. */
export function EvidencePlot(): JSX.Element | null {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const { current } = host;
    if (current === null) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(evidenceOptions(current.clientWidth), dataNow(), current);
    };
    draw();
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: current.clientWidth, height: 260 }),
    );
    observer.observe(current);
    // The canvas has the colours of the scheme in which it was drawn.
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', draw);
      plot.current?.destroy();
    };
  }, []);
  useSignalEffect(() => {
    void shownReport.value;
    plot.current?.setData(dataNow());
  });
  const last = shownReport.value?.rollout.series.at(-1);
  if (last === undefined) return null;
  const words = `fast test ${evidenceInWords(last.fast)}, robust test ${evidenceInWords(last.robust)}, promotion ${evidenceInWords(last.reverse)}, threshold ${evidenceInWords(last.threshold)}`;
  return (
    <figure class="card" aria-label="Evidence">
      <div class="row">
        <h2>Evidence</h2>
        <ul class="legend">
          <li class="fast">against, fast test</li>
          <li class="robust">against, robust test</li>
          <li class="reverse">for promotion</li>
          <li class="threshold">threshold</li>
        </ul>
      </div>
      <div class="evidence" ref={host} role="img" aria-label={`Evidence by look, now: ${words}`} />
      <figcaption class="soft small">
        Now: {words}. E is the factor by which the looks speak for a difference; at the threshold the guard
        acts.
      </figcaption>
    </figure>
  );
}

type Point = Report['rollout']['series'][number];

function dataNow(): uPlot.AlignedData {
  const series = shownReport.peek()?.rollout.series ?? [];
  const column = (read: (point: Point) => number): number[] => series.map(read);
  return [
    column(({ at }) => at / 1000),
    // Evidence far below 1 would press the rest of the axis together.
    column(({ fast }) => Math.max(fast, lowest)),
    column(({ robust }) => Math.max(robust, lowest)),
    column(({ reverse }) => Math.max(reverse, lowest)),
    column(({ threshold }) => threshold),
  ];
}

const lowest = -4.6;
