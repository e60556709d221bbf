import type { JSX } from 'preact';
import { duration } from '../../../ui/numbers.ts';
import { bucketInWords, evidenceInWords, shareWithInterval } from '../model/intervals.ts';
import type { Verdict } from '../model/rollout.ts';

/**
 * Each SLI with its evidence, both arms with intervals, and the distance of their distributions.
 */
export function SliTable({ verdict }: { readonly verdict: Verdict }): JSX.Element {
  const { slis, total } = verdict;
  return (
    <section class="table" aria-label="Evidence by indicator">
      <table>
        <thead>
          <tr>
            <th scope="col">Indicator</th>
            <th scope="col" class="number">
              E, fast test
            </th>
            <th scope="col" class="number">
              E, robust test
            </th>
            <th scope="col">Gray</th>
            <th scope="col">Control</th>
            <th scope="col">p95 gray, control</th>
            <th scope="col">KS distance</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(slis).map(([name, { fast, robust, boundary, gray, control, ks, quantiles }]) => (
            <tr key={name}>
              <td>
                {name}
                <div class="soft small">
                  {boundary === undefined ? 'failed requests' : `slower than ${duration(boundary)}`}
                </div>
              </td>
              <td class="number">{evidenceInWords(fast)}</td>
              <td class="number">{evidenceInWords(robust)}</td>
              <td class="number-left">{shareWithInterval(gray)}</td>
              <td class="number-left">{shareWithInterval(control)}</td>
              <td>
                {quantiles === undefined
                  ? '—'
                  : `${bucketInWords(quantiles.p95.gray)}, ${bucketInWords(quantiles.p95.control)}`}
              </td>
              <td>{ks === undefined ? '—' : `${ks[0].toFixed(3)}–${ks[1].toFixed(3)}`}</td>
            </tr>
          ))}
          <tr>
            <td>
              <strong>All together</strong>
            </td>
            <td class="number">{evidenceInWords(total.fast)}</td>
            <td class="number">{evidenceInWords(total.robust)}</td>
            <td colSpan={4} class="soft">
              The guard acts at E = {evidenceInWords(total.threshold)}. Intervals are 95 %.
            </td>
          </tr>
        </tbody>
      </table>
    </section>
  );
}
