import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { api, environmentPath } from '../../api/request.ts';
import { live } from '../../live/current.ts';
import { Differences } from '../../ui/differences.tsx';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { useForm } from '../../ui/form.ts';
import { countOf, shortRevision } from '../../ui/numbers.ts';
import { pasted, readContexts, type Context } from '../flags/preview/contexts.ts';
import { useRecentContexts } from '../flags/preview/recent.ts';
import { previewUndo } from './preview-undo.ts';
import type { Revision } from './revisions.ts';

interface UndoDialogProps {
  readonly environment: string;
  readonly revision: Revision;
}

/** Shows the effect of an undo now, then does it. */
export function UndoDialog({ environment, revision }: UndoDialogProps): JSX.Element {
  const form = useForm({ reason: '' });
  const recent = useRecentContexts(useComputed(() => environment)) ?? [];
  const number = shortRevision(revision.revision);
  return (
    <FormDialog
      title={`Undo revision ${number}?`}
      action="Undo"
      form={form}
      run={async () => {
        const path = environmentPath(environment, 'history', revision.revision, 'undo');
        await api('POST', path, { reason: form.values.reason.trim() });
      }}
    >
      <p class="soft">It becomes a revision of its own. Later changes of other parts stay.</p>
      <Differences of={revision.diff.map(({ path, before, after }) => swapped(path, before, after))} />
      <ul role="status">
        <Preview revision={revision} kind="pasted" contexts={readContexts(pasted.value).contexts} />
        <Preview revision={revision} kind="recent" contexts={recent} />
      </ul>
      <TextField
        label="Reason"
        value={form.values.reason}
        onInput={form.set('reason')}
        placeholder={`undo ${number}`}
      />
    </FormDialog>
  );
}

interface PreviewProps {
  readonly revision: Revision;
  readonly kind: 'pasted' | 'recent';
  readonly contexts: readonly Context[];
}

function Preview({ revision, kind, contexts }: PreviewProps): JSX.Element | null {
  const flags = live.value?.flags.value;
  if (flags === undefined || contexts.length === 0) return null;
  const preview = previewUndo(revision, flags, contexts);
  return (
    <li>
      {countOf(preview.changed, `${kind} context changes`, `${kind} contexts change`)} of {contexts.length}
      {preview.flags.length > 0 && `: ${preview.flags.join(', ')}`}.
    </li>
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
