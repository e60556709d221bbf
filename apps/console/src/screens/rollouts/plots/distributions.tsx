import type { JSX } from 'preact';
import { duration } from '../../../ui/numbers.ts';
import { shareWithInterval } from '../model/intervals.ts';
import type { Distribution, SliVerdict } from '../model/rollout.ts';
import { shownReport } from '../model/shown-report.ts';

/** The requests of both arms by indicator: latencies as shares by bucket, errors with intervals. */
export function Distributions(): JSX.Element | null {
  const report = shownReport.value;
  if (report === undefined) return null;
  return (
    <section class="distributions" aria-label="Distributions">
      {Object.entries(report.distributions).map(([name, distribution]) => (
        <figure class="card" key={name} aria-label={name}>
          <h2>{name}</h2>
          {distribution.kind === 'errors' ? (
            <dl class="facts">
              <div>
                <dt class="soft small">failed, gray</dt>
                <dd>{shareWithInterval(distribution.gray)}</dd>
              </div>
              <div>
                <dt class="soft small">failed, control</dt>
                <dd>{shareWithInterval(distribution.control)}</dd>
              </div>
            </dl>
          ) : (
            <Latency name={name} distribution={distribution} verdict={report.rollout.verdict?.slis[name]} />
          )}
        </figure>
      ))}
    </section>
  );
}

interface LatencyProps {
  readonly name: string;
  readonly distribution: Distribution & { readonly kind: 'latency' };
  readonly verdict: SliVerdict | undefined;
}

const [width, height] = [400, 140];

/** The share of requests that are at most so slow, as steps: between buckets nothing is known. */
function Latency({ name, distribution, verdict }: LatencyProps): JSX.Element {
  const { bounds, gray, control } = distribution;
  const [grayShares, controlShares] = [cumulative(gray), cumulative(control)];
  const first = bounds.findIndex((_, index) => (grayShares[index] ?? 0) + (controlShares[index] ?? 0) > 0);
  const last = bounds.findIndex(
    (_, index) => Math.min(grayShares[index] ?? 1, controlShares[index] ?? 1) > 0.9995,
  );
  const from = Math.max(0, first - 1);
  const shown = bounds.slice(from, last < 0 ? undefined : last + 1);
  const x = (index: number): number => ((index + 1) / Math.max(1, shown.length)) * width;
  const path = (shares: readonly number[]): string =>
    shown.reduce(
      (line, _, index) => `${line}V${(1 - (shares[from + index] ?? 1)) * height}H${x(index)}`,
      `M0,${height}`,
    );
  const ks = verdict?.ks;
  const apart = shown.map((_, index) =>
    Math.abs((grayShares[from + index] ?? 1) - (controlShares[from + index] ?? 1)),
  );
  const widest = apart.indexOf(Math.max(...apart));
  const at = verdict?.boundary === undefined ? -1 : shown.indexOf(verdict.boundary);
  return (
    <>
      <svg
        class="cdf"
        viewBox={`0 -4 ${width} ${height + 8}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Share of requests by duration, ${name}${ks ? `; the distributions are ${ks[0].toFixed(3)} to ${ks[1].toFixed(3)} apart` : ''}`}
      >
        {at >= 0 && <rect class="boundary" x={x(at - 1)} y={0} width={x(at) - x(at - 1)} height={height} />}
        <path class="control" d={path(controlShares)} />
        <path class="gray" d={path(grayShares)} />
        {ks && widest >= 0 && (
          <KsInterval
            ks={ks}
            x={x(widest) - x(0) / 2}
            below={Math.min(grayShares[from + widest] ?? 0, controlShares[from + widest] ?? 0)}
          />
        )}
      </svg>
      <div class="row small soft number">
        <span>{duration(shown[0] ?? 0)}</span>
        <span class="end">{duration(shown.at(-1) ?? 0)}</span>
      </div>
      <figcaption class="small soft">
        <ul class="legend">
          <li class="gray-line">gray</li>
          <li class="control-line">control</li>
          {ks && <li class="ks-line">KS distance</li>}
        </ul>
        {ks &&
          ` KS distance ${ks[0].toFixed(3)}–${ks[1].toFixed(3)}: the bar is at least as long as the lower end, and its thin part reaches to the upper one.`}
        {at >= 0 && ` Shaded: where the arms differ most.`}
      </figcaption>
    </>
  );
}

interface KsIntervalProps {
  readonly ks: readonly [number, number];
  readonly x: number;
  /** The share of the lower curve, from which the distance is drawn. */
  readonly below: number;
}

/** The distance of the distributions where it is widest: a bar to its lower end, a thin one on. */
function KsInterval({ ks: [low, high], x, below }: KsIntervalProps): JSX.Element {
  const y = (distance: number): number => (1 - Math.min(1, below + distance)) * height;
  return (
    <g class="ks">
      <title>
        KS distance {low.toFixed(3)} to {high.toFixed(3)}
      </title>
      <path class="certain" d={`M${x},${y(0)}V${y(low)}`} />
      <path d={`M${x},${y(low)}V${y(high)}M${x - 5},${y(low)}h10M${x - 5},${y(high)}h10`} />
    </g>
  );
}

function cumulative(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, one) => sum + one, 0);
  let below = 0;
  return counts.map((one) => {
    below += one;
    return total === 0 ? 0 : below / total;
  });
}
