import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { ApiError } from '../../api/request.ts';
import { environment, live } from '../../live/current.ts';
import { openDialog, openedAbout } from '../../router/dialog.ts';
import { place, setQuery } from '../../router/location.ts';
import { countOf } from '../../ui/numbers.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { Comparison } from './comparison.tsx';
import { RevisionRow } from './revision-row.tsx';
import { readPage, type Revision } from './revisions.ts';
import { UndoDialog } from './undo-dialog.tsx';
import { Verification } from './verification.tsx';
import './history.css';

/** The revisions of the environment, or of one flag, newest first. */
export function HistoryScreen(): JSX.Element {
  const here = environment.value;
  const { query } = place.value;
  const flag = query.get('flag') ?? undefined;
  const open = query.get('open')?.split(',') ?? [];
  const [older, newer] = query.get('compare')?.split('..') ?? [];
  const { revisions, next, error, more } = useHistory();
  const about = openedAbout('undo');
  const undoing = revisions?.find(({ revision }) => revision === about);
  const marked = useSignal<string | undefined>(undefined);
  const compareWith = (revision: string): void => {
    const list = revisions ?? [];
    const first = marked.peek();
    if (first === undefined || first === revision) {
      marked.value = first === revision ? undefined : revision;
      return;
    }
    const at = (name: string): number => list.findIndex((one) => one.revision === name);
    const [old, young] = at(first) > at(revision) ? [first, revision] : [revision, first];
    marked.value = undefined;
    setQuery({ compare: `${old}..${young}` });
  };
  return (
    <>
      <div class="head">
        <h1>History</h1>
        {flag !== undefined && (
          <span class="badge">
            of <span class="mono">{flag}</span>
            <button
              type="button"
              class="link"
              aria-label="Show all flags"
              onClick={() => setQuery({ flag: undefined })}
            >
              ×
            </button>
          </span>
        )}
        <Verification environment={here} revision={live.value?.revision.value} />
      </div>
      {older !== undefined && newer !== undefined && (
        <Comparison key={`${older} ${newer}`} older={older} newer={newer} />
      )}
      {error && <Failed error={error} retry={more} />}
      {revisions === undefined && !error && <Waiting rows={6} />}
      {revisions?.length === 0 && (
        <Empty title="No revision yet">
          <p>Each change of a flag becomes a revision with its author and reason, and can be undone.</p>
        </Empty>
      )}
      {revisions !== undefined && revisions.length > 0 && (
        <ol class="revisions">
          {revisions.map((revision) => (
            <RevisionRow
              key={revision.revision}
              revision={revision}
              isMarked={marked.value === revision.revision}
              isComparing={marked.value !== undefined}
              isOpen={open.includes(revision.revision)}
              onToggle={() => setQuery({ open: toggled(open, revision.revision).join(',') })}
              onCompare={() => compareWith(revision.revision)}
              onUndo={() => openDialog('undo', revision.revision)}
            />
          ))}
        </ol>
      )}
      {next !== undefined && (
        <div>
          <button type="button" class="button" onClick={more}>
            Show older revisions
          </button>{' '}
          <span class="soft">{countOf(revisions?.length ?? 0, 'revision')} shown</span>
        </div>
      )}
      {undoing && <UndoDialog environment={here} revision={undoing} />}
    </>
  );
}

function toggled(list: readonly string[], one: string): readonly string[] {
  return list.includes(one) ? list.filter((other) => other !== one) : [...list, one];
}

interface HistoryPages {
  readonly revisions: readonly Revision[] | undefined;
  readonly next: string | undefined;
  readonly error: ApiError | undefined;
  readonly more: () => void;
}

/** Pages of revisions; a new revision of the stream comes in at the top. */
function useHistory(): HistoryPages {
  const revisions = useSignal<readonly Revision[] | undefined>(undefined);
  const next = useSignal<string | undefined>(undefined);
  const error = useSignal<ApiError | undefined>(undefined);
  const current = useComputed(subjectOf);
  const subject = useSignal(current.peek());
  const read = async (before: string | undefined): Promise<void> => {
    const [shown, flag] = [environment.peek(), place.peek().query.get('flag') ?? undefined];
    try {
      const page = await readPage({ environment: shown, flag, before });
      if (subject.peek() !== current.peek()) return;
      const known = revisions.peek() ?? [];
      const fresh = new Set(page.revisions.map(({ revision }) => revision));
      const others = known.filter(({ revision }) => !fresh.has(revision));
      const isFirst = before === undefined;
      // Pages overlap by at least one revision, or there is nothing to keep.
      const joins = isFirst && others.length < known.length;
      revisions.value = isFirst
        ? [...page.revisions, ...(joins ? others : [])]
        : [...known, ...page.revisions];
      if (!joins) next.value = page.next;
      error.value = undefined;
    } catch (failure) {
      error.value = failure instanceof ApiError ? failure : new ApiError(0, String(failure));
    }
  };
  useSignalEffect(() => {
    void live.value?.revision.value;
    if (subject.peek() !== current.value) {
      subject.value = current.value;
      revisions.value = undefined;
      next.value = undefined;
    }
    void read(undefined);
  });
  return {
    revisions: revisions.value,
    next: next.value,
    error: error.value,
    more: () => void read(revisions.peek()?.length ? next.peek() : undefined),
  };
}

/** The environment and the flag whose history is shown. */
function subjectOf(): string {
  return JSON.stringify([environment.value, place.value.query.get('flag')]);
}
