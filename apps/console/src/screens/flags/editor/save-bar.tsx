import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { ApiError } from '../../../api/request.ts';
import { sameJson } from '../../../json/values.ts';
import { live } from '../../../live/current.ts';
import { openDialog, openedAbout } from '../../../router/dialog.ts';
import { navigate, screenHref } from '../../../router/location.ts';
import { ConfirmDialog } from '../../../ui/confirm-dialog.tsx';
import { Failed } from '../../../ui/states.tsx';
import type { Definition, Draft } from '../draft/draft.ts';
import { saveFlag } from '../draft/save-flag.ts';

interface SaveBarProps {
  readonly environment: string;
  readonly draft: Draft;
  readonly problems: number;
  readonly onConflict: (theirs: Definition | undefined) => void;
}

/** Saves or discards the draft, and removes the flag. */
export function SaveBar({ environment, draft, problems, onConflict }: SaveBarProps): JSX.Element {
  const isBusy = useSignal(false);
  const error = useSignal<ApiError | undefined>(undefined);
  const saved = useSignal(false);
  const isNew = draft.base.value === undefined;

  const write = async (definition: Definition | undefined, reason: string): Promise<void> => {
    const change = { environment, key: draft.key, base: draft.base.peek(), definition, reason };
    const result = await saveFlag(change);
    if (result !== 'saved') onConflict(result.conflict.theirs);
    else {
      draft.restart(definition);
      saved.value = true;
      if (definition === undefined) navigate(screenHref(environment, 'flags'));
    }
  };
  const save = async (definition: Definition): Promise<void> => {
    isBusy.value = true;
    error.value = undefined;
    try {
      await write(definition, draft.reason.peek().trim());
    } catch (failure) {
      error.value = failure as ApiError;
    }
    isBusy.value = false;
  };
  const parsed = draft.parsed.value;
  const isChanged = draft.isChanged.value;
  if (isChanged) saved.value = false;
  const canSave = isChanged && 'definition' in parsed && problems === 0 && !isBusy.value;
  return (
    <>
      {error.value && <Failed error={error.value} />}
      <form
        class={isChanged ? 'save-bar changed' : 'save-bar'}
        onSubmit={(event) => {
          event.preventDefault();
          if (canSave) void save(parsed.definition);
        }}
      >
        {isChanged ? (
          <>
            <label class="reason">
              Reason
              <input
                class="input"
                value={draft.reason.value}
                maxLength={1000}
                placeholder="Why is it changed? It stays in the history"
                onInput={(event) => draft.explain(event.currentTarget.value)}
              />
            </label>
            <button type="button" class="button" onClick={() => discard(environment, draft)}>
              Discard
            </button>
            <button type="submit" class="button primary" disabled={!canSave}>
              {isBusy.value ? 'Saving…' : isNew ? 'Create the flag' : 'Save'}
            </button>
          </>
        ) : (
          <>
            <span class="soft" role="status">
              {saved.value ? 'Saved. Clients get it by the stream.' : 'No unsaved change.'}
            </span>
            <button type="button" class="button small plain end" onClick={() => openDialog('remove')}>
              Remove the flag…
            </button>
          </>
        )}
      </form>
      {openedAbout('remove') !== undefined && (
        <ConfirmDialog
          title={`Remove ${draft.key}?`}
          action="Remove"
          asksReason
          isDanger
          run={(reason) => write(undefined, reason)}
        >
          <p>Code that still evaluates it gets its own default. The history can bring the flag back.</p>
        </ConfirmDialog>
      )}
    </>
  );
}

function discard(environment: string, draft: Draft): void {
  const served = live.peek()?.flags.peek()?.get(draft.key)?.definition as Definition | undefined;
  draft.restart(served);
  if (served === undefined || sameJson(served, {})) navigate(screenHref(environment, 'flags'));
}
