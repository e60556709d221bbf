import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { api, environmentPath, type ApiError } from '../../api/request.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { Failed } from '../../ui/states.tsx';

interface NewEnvironmentProps {
  readonly names: readonly string[];
  readonly onClose: () => void;
}

/** Creates an environment, empty or as a copy. */
export function NewEnvironmentDialog({ names, onClose }: NewEnvironmentProps): JSX.Element {
  const name = useSignal('');
  const from = useSignal('');
  const error = useSignal<ApiError | undefined>(undefined);
  const create = async (): Promise<void> => {
    try {
      const body =
        from.peek() === '' ? { flags: {} } : (await api<object>('GET', environmentPath(from.peek()))).body;
      const reason = from.peek() === '' ? undefined : `a copy of ${from.peek()}`;
      await api('PUT', environmentPath(name.peek().trim()), {
        body,
        reason,
        headers: { 'if-none-match': '*' },
      });
      onClose();
    } catch (failure) {
      error.value = failure as ApiError;
    }
  };
  return (
    <Dialog title="New environment" onClose={onClose} onSubmit={() => void create()}>
      <TextField
        label="Name"
        mono
        required
        value={name.value}
        onInput={(value) => (name.value = value)}
        placeholder="staging"
      />
      <SelectField
        label="Flags"
        value={from.value}
        onChange={(value) => (from.value = value)}
        options={[
          ['', 'none to begin with'],
          ...names.map((one): [string, string] => [one, `a copy of ${one}`]),
        ]}
      />
      {error.value && <Failed error={error.value} />}
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="button primary" disabled={name.value.trim() === ''}>
          Create
        </button>
      </div>
    </Dialog>
  );
}
