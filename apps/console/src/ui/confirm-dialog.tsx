import type { ComponentChildren, JSX } from 'preact';
import { TextField } from './field.tsx';
import { FormDialog } from './form-dialog.tsx';
import { useForm } from './form.ts';

interface ConfirmProps {
  readonly title: string;
  readonly action: string;
  /** The name that must be typed; undefined for an action that is easily taken back. */
  readonly name?: string;
  readonly asksReason?: boolean;
  readonly isDanger?: boolean;
  readonly children?: ComponentChildren;
  readonly run: (reason: string) => Promise<void>;
}

/** Asks before an action, with its consequences. */
export function ConfirmDialog(props: ConfirmProps): JSX.Element {
  const { title, action, name, asksReason = false, isDanger = false, children, run } = props;
  const form = useForm({ typed: '', reason: '' });
  const { typed, reason } = form.values;
  return (
    <FormDialog
      title={title}
      action={action}
      form={form}
      isReady={name === undefined || typed === name}
      isDanger={isDanger}
      run={() => run(reason.trim())}
    >
      {children}
      {name !== undefined && (
        <TextField label={`Type ${name} to confirm`} mono value={typed} onInput={form.set('typed')} />
      )}
      {asksReason && <TextField label="Reason" value={reason} onInput={form.set('reason')} />}
    </FormDialog>
  );
}
