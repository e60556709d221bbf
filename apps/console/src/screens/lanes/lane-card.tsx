import type { JSX } from 'preact';
import type { Schema } from '../../api/request.ts';
import { environment } from '../../live/current.ts';
import { openDialog } from '../../router/dialog.ts';
import { screenHref } from '../../router/location.ts';
import { count, countOf, errorsWithInterval, p95Range, percent } from '../../ui/numbers.ts';
import { PauseButton } from './pause-button.tsx';

type Lane = Schema<'Lane'>;
type Rollout = Schema<'RolloutSummary'>;

interface LaneCardProps {
  readonly lane: Lane;
  readonly control: Lane | undefined;
}

/** One lane with its control. */
export function LaneCard({ lane: shown, control }: LaneCardProps): JSX.Element {
  const { lane, share, requests, killed, rules, services, beside, rollout } = shown;
  const isBaseline = lane === 'baseline';
  const here = environment.value;
  const moving = rollout as Rollout | null;
  const [rule] = rules;
  return (
    <li class={`card lane ${isBaseline ? 'is-baseline' : ''}`}>
      <div class="row">
        <h2>
          <span class="swatch" data-lane={isBaseline ? 'baseline' : 'gray'} aria-hidden="true" /> {lane}
        </h2>
        <strong class="number share">{share === null ? '—' : percent(share)}</strong>
        <span class="soft number">{countOf(requests, 'request')}</span>
        {killed && <span class="badge bad">killed</span>}
        {moving && (
          <a class="badge" href={screenHref(here, 'rollouts', moving.id)}>
            rollout:{' '}
            {moving.standing
              ? 'standing'
              : moving.step === 0
                ? 'A/A'
                : `step ${moving.step} of ${moving.steps}`}
            , {moving.state.replace('_', ' ')}
          </a>
        )}
        {!isBaseline && (
          <div class="row end">
            {rule && (
              <a class="button small" href={screenHref(here, 'flags', rule.flag)}>
                Who?
              </a>
            )}
            {moving?.state === 'running' && <PauseButton rollout={moving} />}
            <button
              type="button"
              class="button small danger"
              disabled={killed}
              onClick={() => openDialog('kill-lane', lane)}
            >
              Kill…
            </button>
          </div>
        )}
      </div>
      {rules.map(({ flag, condition, percent: part, isDefault }) => (
        <p class="soft" key={`${flag} ${condition}`}>
          <span class="mono">{flag}</span>:{' '}
          {isDefault ? 'all other requests' : (condition ?? 'every request')}
          {part !== null && `, ${part} % of them`}
        </p>
      ))}
      {services.length > 0 && (
        <p class="services">
          {services.map(({ service, requests: served }) => (
            <span class="badge number" key={service}>
              {service} {count(served)}
            </span>
          ))}
        </p>
      )}
      {(requests > 0 || (beside?.requests ?? 0) > 0) && (
        <dl class="measures">
          <Measure
            name="errors"
            own={errorsWithInterval(shown)}
            other={beside && `${beside.lane} ${errorsWithInterval(beside)}`}
          />
          <Measure name="p95" own={p95Range(shown)} other={beside && `${beside.lane} ${p95Range(beside)}`} />
          {control && (
            <Measure
              name="control"
              own={control.share === null ? '—' : percent(control.share)}
              other={null}
            />
          )}
          {!isBaseline && (
            <Measure
              name="escaped, leaked, fallback"
              own={`${shown.escaped}, ${shown.leaked}, ${shown.fallback}`}
              other={null}
            />
          )}
        </dl>
      )}
    </li>
  );
}

interface MeasureProps {
  readonly name: string;
  readonly own: string;
  readonly other: string | null;
}

function Measure({ name, own, other }: MeasureProps): JSX.Element {
  return (
    <div>
      <dt class="soft small">{name}</dt>
      <dd class="number">
        {own} {other !== null && <span class="soft small">{other}</span>}
      </dd>
    </div>
  );
}
