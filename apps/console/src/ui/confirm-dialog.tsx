import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import type { ApiError } from '../api/request.ts';
import { Dialog } from './dialog.tsx';
import { TextField } from './field.tsx';
import { Failed } from './states.tsx';

interface ConfirmProps {
  readonly title: string;
  readonly action: string;
  /** The name that must be typed; undefined for an action that is easily taken back. */
  readonly name?: string;
  readonly asksReason?: boolean;
  readonly isDanger?: boolean;
  readonly children?: ComponentChildren;
  /** The action; the dialog closes when it has resolved. */
  readonly run: (reason: string) => Promise<void>;
  readonly onClose: () => void;
}

/** Asks before an action, with its consequences, and shows a refusal. */
export function ConfirmDialog(props: ConfirmProps): JSX.Element {
  const { title, action, name, asksReason = false, isDanger = false, children, run, onClose } = props;
  const typed = useSignal('');
  const reason = useSignal('');
  const error = useSignal<ApiError | undefined>(undefined);
  const isBusy = useSignal(false);
  const isReady = (name === undefined || typed.value === name) && !isBusy.value;
  const submit = async (): Promise<void> => {
    if (!isReady) return;
    isBusy.value = true;
    try {
      await run(reason.peek().trim());
      onClose();
    } catch (failure) {
      error.value = failure as ApiError;
      isBusy.value = false;
    }
  };
  return (
    <Dialog title={title} onClose={onClose} onSubmit={() => void submit()}>
      {children}
      {name !== undefined && (
        <TextField
          label={`Type ${name} to confirm`}
          mono
          value={typed.value}
          onInput={(value) => (typed.value = value)}
        />
      )}
      {asksReason && (
        <TextField label="Reason" value={reason.value} onInput={(value) => (reason.value = value)} />
      )}
      {error.value && <Failed error={error.value} />}
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class={isDanger ? 'button danger' : 'button primary'} disabled={!isReady}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}
