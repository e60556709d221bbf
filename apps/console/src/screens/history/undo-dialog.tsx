import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { api, environmentPath, type ApiError } from '../../api/request.ts';
import { live } from '../../live/current.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Differences } from '../../ui/differences.tsx';
import { TextField } from '../../ui/field.tsx';
import { countOf, shortRevision } from '../../ui/numbers.ts';
import { Failed } from '../../ui/states.tsx';
import { previewUndo } from './preview-undo.ts';
import type { Revision } from './revisions.ts';

interface UndoDialogProps {
  readonly environment: string;
  readonly revision: Revision;
  readonly onClose: () => void;
}

/** Shows what an undo would do now, then does it. */
export function UndoDialog({ environment, revision, onClose }: UndoDialogProps): JSX.Element {
  const reason = useSignal('');
  const error = useSignal<ApiError | undefined>(undefined);
  const isBusy = useSignal(false);
  const flags = live.value?.flags.value;
  const preview = flags && previewUndo(revision, flags);
  const undo = async (): Promise<void> => {
    isBusy.value = true;
    try {
      const path = environmentPath(environment, 'history', revision.revision, 'undo');
      await api('POST', path, { reason: reason.peek().trim() });
      onClose();
    } catch (failure) {
      error.value = failure as ApiError;
      isBusy.value = false;
    }
  };
  return (
    <Dialog
      title={`Undo revision ${shortRevision(revision.revision)}?`}
      onClose={onClose}
      onSubmit={() => void undo()}
    >
      <p class="soft">It becomes a revision of its own. Later changes of other parts stay.</p>
      <Differences of={revision.diff.map(({ path, before, after }) => swapped(path, before, after))} />
      {preview && (
        <p role="status">
          {countOf(preview.changed, 'pasted context changes', 'pasted contexts change')} of {preview.contexts}
          {preview.flags.length > 0 && `: ${preview.flags.join(', ')}`}.
        </p>
      )}
      <TextField
        label="Reason"
        value={reason.value}
        onInput={(value) => (reason.value = value)}
        placeholder={`undo ${shortRevision(revision.revision)}`}
      />
      {error.value && <Failed error={error.value} />}
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="button primary" disabled={isBusy.value}>
          Undo
        </button>
      </div>
    </Dialog>
  );
}

function swapped(
  path: string,
  before: unknown,
  after: unknown,
): { path: string; before?: unknown; after?: unknown } {
  return {
    path,
    ...(after !== undefined && { before: after }),
    ...(before !== undefined && { after: before }),
  };
}
