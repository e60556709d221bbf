import type { JSX } from 'preact';
import { api, environmentPath } from '../../api/request.ts';
import { SelectField, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { useForm } from '../../ui/form.ts';

interface NewEnvironmentProps {
  readonly names: readonly string[];
  readonly onCreated: () => void;
}

/** Creates an environment, empty or as a copy. */
export function NewEnvironmentDialog({ names, onCreated }: NewEnvironmentProps): JSX.Element {
  const form = useForm({ name: '', from: '' });
  const { name, from } = form.values;
  const create = async (): Promise<void> => {
    const body = from === '' ? { flags: {} } : (await api<object>('GET', environmentPath(from))).body;
    const reason = from === '' ? undefined : `a copy of ${from}`;
    const headers = { 'if-none-match': '*' };
    await api('PUT', environmentPath(name.trim()), { body, reason, headers });
    onCreated();
  };
  return (
    <FormDialog title="New environment" action="Create" form={form} isReady={name.trim() !== ''} run={create}>
      <TextField label="Name" mono required value={name} onInput={form.set('name')} placeholder="staging" />
      <SelectField
        label="Flags"
        value={from}
        onChange={form.set('from')}
        options={[
          ['', 'none to begin with'],
          ...names.map((one): [string, string] => [one, `a copy of ${one}`]),
        ]}
      />
    </FormDialog>
  );
}
