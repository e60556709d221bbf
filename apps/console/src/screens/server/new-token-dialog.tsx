import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { api, type ApiError } from '../../api/request.ts';
import { environmentNames } from '../../live/environment-names.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { Failed } from '../../ui/states.tsx';

interface NewTokenProps {
  readonly onClose: () => void;
  readonly onCreated: (created: { readonly name: string; readonly token: string }) => void;
}

/** Creates a token. */
export function NewTokenDialog({ onClose, onCreated }: NewTokenProps): JSX.Element {
  const name = useSignal('');
  const scope = useSignal('definitions');
  const environment = useSignal('');
  const days = useSignal('');
  const error = useSignal<ApiError | undefined>(undefined);
  const create = async (): Promise<void> => {
    const body = {
      name: name.peek().trim(),
      scope: scope.peek(),
      ...(environment.peek() !== '' && { environment: environment.peek() }),
      ...(days.peek().trim() !== '' && { expiresInDays: Number(days.peek()) }),
    };
    try {
      onCreated((await api<{ name: string; token: string }>('POST', '/tokens', { body })).body);
      onClose();
    } catch (failure) {
      error.value = failure as ApiError;
    }
  };
  return (
    <Dialog title="New token" onClose={onClose} onSubmit={() => void create()}>
      <TextField
        label="Name"
        required
        value={name.value}
        onInput={(value) => (name.value = value)}
        placeholder="orders-service"
        hint="The author of the revisions that it makes."
      />
      <SelectField
        label="Scope"
        value={scope.value}
        onChange={(value) => (scope.value = value)}
        options={[
          ['evaluate', 'evaluate: OFREP and gRPC evaluation'],
          ['definitions', 'definitions: a service that evaluates by itself'],
          ['write', 'write: a person or a pipeline that changes flags'],
          ['admin', 'admin: also tokens and environments'],
        ]}
      />
      <SelectField
        label="Environment"
        value={environment.value}
        onChange={(value) => (environment.value = value)}
        options={[['', 'all'], ...environmentNames.value.map((one): [string, string] => [one, one])]}
      />
      <TextField
        label="Expires in days"
        value={days.value}
        onInput={(value) => (days.value = value)}
        placeholder="never"
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
