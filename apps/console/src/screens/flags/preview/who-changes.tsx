import type { JSX } from 'preact';
import { countOf } from '../../../ui/numbers.ts';
import type { Comparison } from './compare.ts';
import type { Context } from './contexts.ts';

interface WhoChangesProps {
  readonly comparison: Comparison;
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
  readonly hasDraft: boolean;
}

const maxShown = 50;

/** The contexts with their results before and after, those that change first. */
export function WhoChanges({ comparison, chosen, onChoose, hasDraft }: WhoChangesProps): JSX.Element {
  const { compared, changed, moves, omitted } = comparison;
  const total = countOf(compared.length, 'context');
  return (
    <>
      <p role="status">
        {hasDraft ? (
          <>
            <strong class="number">{changed}</strong> of {total} {changed === 1 ? 'changes' : 'change'}
            {moves.map(({ before, after, count }) => (
              <span key={`${before} ${after}`} class="badge move">
                {count} × {before} → {after}
              </span>
            ))}
          </>
        ) : (
          <span class="soft">{total}. Edit the flag to see who would change.</span>
        )}
      </p>
      {omitted > 0 && (
        <p class="soft small">{countOf(omitted, 'context')} left out: the rules take too much work.</p>
      )}
      {compared.length > 0 && (
        <ul class="contexts" aria-label="Contexts">
          {compared.slice(0, maxShown).map(({ index, context, before, after }) => (
            <li key={index}>
              <button type="button" aria-pressed={index === chosen} onClick={() => onChoose(index)}>
                <span class="mono who">{contextInWords(context)}</span>
                {before === after ? (
                  <span class="soft">{after}</span>
                ) : (
                  <span>
                    <s class="soft">{before}</s> → <strong>{after}</strong>
                  </span>
                )}
              </button>
            </li>
          ))}
        </ul>
      )}
      {compared.length > maxShown && <p class="soft small">and {compared.length - maxShown} more</p>}
    </>
  );
}

/** "ada, lane gray, tenant internal". */
function contextInWords(context: Context): string {
  const { targetingKey, ...others } = context;
  const parts = Object.entries(others).map(
    ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return (
    [...(typeof targetingKey === 'string' ? [targetingKey] : []), ...parts].join(', ') || 'an empty context'
  );
}
