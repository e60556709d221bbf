import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import type { ApiError } from '../api/request.ts';
import { closeDialog } from '../router/dialog.ts';
import { Dialog } from './dialog.tsx';
import type { Form } from './form.ts';
import { Failed } from './states.tsx';

interface FormDialogProps {
  readonly title: string;
  readonly action: string;
  /** Holds the typed text. The dialog clears it when it closes. */
  readonly form: Pick<Form<Record<string, string>>, 'clear'>;
  readonly isReady?: boolean;
  readonly isDanger?: boolean;
  readonly children?: ComponentChildren;
  /** Below the fields and a refusal. */
  readonly footer?: ComponentChildren;
  /** The action; the dialog closes when it has resolved, unless `onDone` shows its outcome. */
  readonly run: () => Promise<void>;
  readonly onDone?: () => void;
}

/** A dialog with fields and an action, which shows a refusal and keeps what was typed. */
export function FormDialog({
  title,
  action,
  form,
  isReady = true,
  isDanger = false,
  children,
  footer,
  run,
  onDone = closeDialog,
}: FormDialogProps): JSX.Element {
  const error = useSignal<ApiError | undefined>(undefined);
  const isBusy = useSignal(false);
  const submit = async (): Promise<void> => {
    if (!isReady || isBusy.peek()) return;
    isBusy.value = true;
    error.value = undefined;
    try {
      await run();
      form.clear();
      onDone();
    } catch (failure) {
      error.value = failure as ApiError;
      isBusy.value = false;
    }
  };
  const close = (): void => {
    form.clear();
    closeDialog();
  };
  return (
    <Dialog title={title} onClose={close} onSubmit={() => void submit()}>
      {children}
      {error.value && <Failed error={error.value} />}
      {footer}
      <div class="actions">
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
        <button
          type="submit"
          class={isDanger ? 'button danger' : 'button primary'}
          disabled={!isReady || isBusy.value}
        >
          {action}
        </button>
      </div>
    </Dialog>
  );
}
