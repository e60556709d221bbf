import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { environment, live } from '../../../live/current.ts';
import { navigate, screenHref } from '../../../router/location.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { Draft } from '../draft/draft.ts';
import { newFlag, type FlagType } from '../draft/new-flag.ts';

interface NewFlagProps {
  readonly suggestion: string;
  readonly onClose: () => void;
}

/** Asks for the name and the type of a flag, and opens its draft. Nothing is saved yet. */
export function NewFlagDialog({ suggestion, onClose }: NewFlagProps): JSX.Element {
  const key = useSignal(suggestion);
  const type = useSignal<FlagType>('boolean');
  const description = useSignal('');
  const isTaken = live.value?.flags.value?.get(key.value.trim()) !== undefined;
  const submit = (): void => {
    const name = key.peek().trim();
    if (name === '' || isTaken) return;
    const here = environment.peek();
    new Draft(here, name, undefined).restart(undefined, newFlag(type.peek(), description.peek().trim()));
    onClose();
    navigate(screenHref(here, 'flags', name));
  };
  return (
    <Dialog title="New flag" onClose={onClose} onSubmit={submit}>
      <TextField
        label="Name"
        mono
        required
        value={key.value}
        onInput={(value) => (key.value = value)}
        placeholder="checkout-redesign"
        hint={
          isTaken
            ? 'There is a flag of this name already.'
            : 'The name that the code uses. It cannot be changed later.'
        }
      />
      <SelectField
        label="Type"
        value={type.value}
        onChange={(value) => (type.value = value as FlagType)}
        options={[
          ['boolean', 'boolean: on or off'],
          ['string', 'string, e.g. a lane or a version'],
          ['number', 'number'],
          ['object', 'object: settings in JSON'],
        ]}
      />
      <TextField
        label="Description"
        value={description.value}
        onInput={(value) => (description.value = value)}
      />
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="button primary" disabled={isTaken || key.value.trim() === ''}>
          Open the draft
        </button>
      </div>
    </Dialog>
  );
}
