import type { ComponentChildren, JSX } from 'preact';
import { clock } from '../../../live/resource.ts';
import { count, countOf } from '../../../ui/numbers.ts';
import { span, Time } from '../../../ui/time.tsx';
import { evidenceInWords } from '../model/intervals.ts';
import type { Report, Rollout } from '../model/rollout.ts';

/** How far the numbers can be trusted: units, margin, sample ratio, age, false alarms. */
export function Facts({ report }: { readonly report: Report }): JSX.Element {
  const { rollout, who } = report;
  const { verdict, looks, aaLooks, lookedAt, ageSeconds, falseAlarms, definition } = rollout;
  const { calibration, units, sampleRatio, requests } = verdict ?? {};
  const alpha = definition.guard.alpha ?? 0.05;
  return (
    <dl class="facts">
      <Fact name="Who">
        {who.unit}s by <code>{who.unitKey}</code>, against <code>{who.control}</code>
      </Fact>
      <Fact name="Units in an arm">
        {units
          ? `${count(units.gray)} gray, ${count(units.control)} control, effective`
          : 'not reported by the services'}
      </Fact>
      <Fact name="Requests">
        {requests ? `${count(requests.gray)} gray, ${count(requests.control)} control` : 'none yet'}
      </Fact>
      <Fact name="Looks">
        {countOf(looks, 'look')}, the last <Time at={lookedAt} />
      </Fact>
      <Fact name="Margin">
        {calibration
          ? `calibrated on ${countOf(calibration.looks, 'A/A look')}${calibration.drifts ? ', which drift: the guard only pauses' : ''}`
          : `not calibrated: ${countOf(aaLooks, 'A/A look')}`}
      </Fact>
      <Fact name="Sample ratio">
        {sampleRatio === undefined
          ? 'not checked yet'
          : sampleRatio.evidence >= sampleRatio.threshold
            ? `units are not assigned as expected (E = ${evidenceInWords(sampleRatio.evidence)})`
            : 'in order'}
      </Fact>
      <Fact name="Data">
        {sourceOf(definition.guard.source)}
        {ageSeconds !== undefined &&
          `, ${span(ageSeconds * 1000 + clock.value - Date.parse(rollout.triedAt ?? lookedAt))} old`}
      </Fact>
      <Fact name="False-alarm budget">
        {falseAlarms
          ? `${falseAlarms.today ? `today ${usedOf(falseAlarms.today, alpha)}; ` : ''}in total ${usedOf(falseAlarms, alpha)}`
          : `${count(alpha * 100)} % for pauses, ${count(alpha * 100)} % for rollbacks, over all looks`}
      </Fact>
    </dl>
  );
}

type Alarms = Pick<NonNullable<Rollout['falseAlarms']>, 'mockRollouts' | 'pauses' | 'rollbacks'>;

/** False alarms beside the number that the level of the guard allows for so many mock rollouts. */
function usedOf({ mockRollouts, pauses, rollbacks }: Alarms, alpha: number): string {
  const allowed = Number((2 * alpha * mockRollouts).toPrecision(2));
  return `${pauses + rollbacks} used of ${allowed} expected in ${countOf(mockRollouts, 'mock rollout')}`;
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div>
      <dt class="soft small">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function sourceOf(source: unknown): string {
  if (source === 'otlp') return 'OTLP';
  return typeof source === 'object' && source !== null && 'prometheus' in source
    ? `Prometheus at ${String(source.prometheus)}`
    : 'unknown';
}
