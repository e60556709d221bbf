import type { JSX } from 'preact';
import { environment } from '../../live/current.ts';
import { useResource } from '../../live/resource.ts';
import { setQuery } from '../../router/location.ts';
import { Differences } from '../../ui/differences.tsx';
import { countOf, shortRevision } from '../../ui/numbers.ts';
import { Failed, Waiting } from '../../ui/states.tsx';
import { compareRevisions } from './compare-revisions.ts';

interface ComparisonProps {
  readonly older: string;
  readonly newer: string;
}

/** The differences of two revisions. */
export function Comparison({ older, newer }: ComparisonProps): JSX.Element {
  const { resource } = useResource(() => compareRevisions(environment.value, older, newer));
  const read = resource.value;
  return (
    <section class="card" aria-label="Comparison">
      <div class="row">
        <h2>
          From {shortRevision(older)} to {shortRevision(newer)}
        </h2>
        {read.state === 'ready' && (
          <span class="soft">
            {countOf(read.value.differences.length, 'difference')} by{' '}
            {countOf(read.value.between.length, 'revision')}
          </span>
        )}
        <button type="button" class="button small plain end" onClick={() => setQuery({ compare: undefined })}>
          Close
        </button>
      </div>
      {read.state === 'waiting' && <Waiting rows={2} />}
      {read.state === 'failed' && <Failed error={read.error} />}
      {read.state === 'ready' && <Differences of={read.value.differences} />}
    </section>
  );
}
