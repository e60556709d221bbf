import type { JSX } from 'preact';
import { Differences } from '../../../ui/differences.tsx';
import { shortRevision } from '../../../ui/numbers.ts';
import { Sentence, Time } from '../../../ui/time.tsx';
import type { Act } from '../model/rollout.ts';

/** The acts of people and of the guard, newest first, each with its revision. */
export function Acts({ acts }: { readonly acts: readonly Act[] }): JSX.Element {
  return (
    <section class="card" aria-label="Acts">
      <h2>What happened</h2>
      <ol class="acts">
        {acts.toReversed().map(({ move, kind, at, author, reason, weight, revision, diff = [] }) => (
          <li key={move}>
            <span class="number soft">
              <Time at={at} />
            </span>
            <div>
              <strong>{kind}</strong> to {weight} % <span class="soft">by {author}</span>
              <div>
                <Sentence text={reason ?? ''} />
              </div>
              {diff.length > 0 && (
                <details>
                  <summary class="soft small">
                    {revision === undefined ? 'the change' : `revision ${shortRevision(revision)}`}
                  </summary>
                  <Differences of={diff} />
                </details>
              )}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
