import type { JSX } from 'preact';
import { differences } from '../../../json/diff.ts';
import { mergeChanges } from '../../../json/merge.ts';
import { Differences } from '../../../ui/differences.tsx';
import type { Definition, Draft } from '../draft/draft.ts';

interface ConflictProps {
  readonly draft: Draft;
  readonly theirs: Definition | undefined;
  readonly onDone: () => void;
}

/**
 * A flag that two people changed: theirs, mine, and both together. Nothing is lost by any choice.
 */
export function Conflict({ draft, theirs, onDone }: ConflictProps): JSX.Element {
  const base = draft.base.value;
  const mine = draft.definition.value;
  const merged = mergeChanges(base, theirs, mine);
  const take = (definition: Definition | undefined): void => {
    draft.restart(theirs, definition ?? {});
    onDone();
  };
  return (
    <section class="conflict card" aria-label="Conflict" role="alert">
      <h2>This flag has changed since your draft began</h2>
      <p class="soft">
        Compare both changes with the version that you began at. Choosing one puts it into the draft; nothing
        is saved until you save it.
      </p>
      <div class="sides">
        <section class="stack" aria-label="Theirs">
          <h3>Theirs, on the server now</h3>
          {theirs === undefined ? (
            <p>They removed the flag.</p>
          ) : (
            <Differences of={differences(base, theirs, '$')} />
          )}
          <button type="button" class="button" onClick={() => take(theirs)}>
            Take theirs
          </button>
        </section>
        <section class="stack" aria-label="Mine">
          <h3>Mine, in this draft</h3>
          <Differences of={differences(base, mine, '$')} />
          <button type="button" class="button" onClick={() => take(mine)}>
            Keep mine
          </button>
        </section>
        <section class="stack" aria-label="Both">
          <h3>Both together</h3>
          <Differences of={differences(theirs, merged.value, '$')} />
          {merged.clashes.length > 0 && (
            <p class="small">
              Both changed <span class="mono">{merged.clashes.join(', ')}</span>: there it has mine.
            </p>
          )}
          <button type="button" class="button primary" onClick={() => take(merged.value as Definition)}>
            Take both
          </button>
        </section>
      </div>
    </section>
  );
}
