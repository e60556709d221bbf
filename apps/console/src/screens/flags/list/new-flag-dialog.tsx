import type { JSX } from 'preact';
import { environment, live } from '../../../live/current.ts';
import { navigate, screenHref } from '../../../router/location.ts';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { FormDialog } from '../../../ui/form-dialog.tsx';
import { useForm } from '../../../ui/form.ts';
import { Draft } from '../draft/draft.ts';
import { newFlag, type FlagType } from '../draft/new-flag.ts';

/** Asks for the name and the type of a flag, and opens its draft. Nothing is saved yet. */
export function NewFlagDialog({ suggestion }: { readonly suggestion: string }): JSX.Element {
  const form = useForm({ key: suggestion, type: 'boolean', description: '' });
  const { key, type, description } = form.values;
  const name = key.trim();
  const isTaken = live.value?.flags.value?.get(name) !== undefined;
  return (
    <FormDialog
      title="New flag"
      action="Open the draft"
      form={form}
      isReady={name !== '' && !isTaken}
      run={async () => {
        const flag = newFlag(type as FlagType, description.trim());
        new Draft(environment.peek(), name, undefined).restart(undefined, flag);
      }}
      onDone={() => navigate(screenHref(environment.peek(), 'flags', name))}
    >
      <TextField
        label="Name"
        mono
        required
        value={key}
        onInput={form.set('key')}
        placeholder="checkout-redesign"
        hint={
          isTaken
            ? 'There is a flag of this name already.'
            : 'The name that the code uses. It cannot be changed later.'
        }
      />
      <SelectField
        label="Type"
        value={type}
        onChange={form.set('type')}
        options={[
          ['boolean', 'boolean: on or off'],
          ['string', 'string, e.g. a lane or a version'],
          ['number', 'number'],
          ['object', 'object: settings in JSON'],
        ]}
      />
      <TextField label="Description" value={description} onInput={form.set('description')} />
    </FormDialog>
  );
}
