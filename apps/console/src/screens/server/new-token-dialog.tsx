import type { JSX } from 'preact';
import { api } from '../../api/request.ts';
import { environmentNames } from '../../live/environment-names.ts';
import { SelectField, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { useForm } from '../../ui/form.ts';

interface NewTokenProps {
  readonly onCreated: (created: { readonly name: string; readonly token: string }) => void;
}

/** Creates a token. */
export function NewTokenDialog({ onCreated }: NewTokenProps): JSX.Element {
  const form = useForm({ name: '', scope: 'definitions', environment: '', days: '' });
  const { name, scope, environment, days } = form.values;
  const create = async (): Promise<void> => {
    const body = {
      name: name.trim(),
      scope,
      ...(environment !== '' && { environment }),
      ...(days.trim() !== '' && { expiresInDays: Number(days) }),
    };
    onCreated((await api<{ name: string; token: string }>('POST', '/tokens', { body })).body);
  };
  return (
    <FormDialog title="New token" action="Create" form={form} isReady={name.trim() !== ''} run={create}>
      <TextField
        label="Name"
        required
        value={name}
        onInput={form.set('name')}
        placeholder="orders-service"
        hint="The author of the revisions that it makes."
      />
      <SelectField
        label="Scope"
        value={scope}
        onChange={form.set('scope')}
        options={[
          ['evaluate', 'evaluate: OFREP and gRPC evaluation'],
          ['definitions', 'definitions: a service that evaluates by itself'],
          ['write', 'write: a person or a pipeline that changes flags'],
          ['admin', 'admin: also tokens and environments'],
        ]}
      />
      <SelectField
        label="Environment"
        value={environment}
        onChange={form.set('environment')}
        options={[['', 'all'], ...environmentNames.value.map((one): [string, string] => [one, one])]}
      />
      <TextField label="Expires in days" value={days} onInput={form.set('days')} placeholder="never" />
    </FormDialog>
  );
}
