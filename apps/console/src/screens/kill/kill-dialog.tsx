import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { api, environmentPath, type Schema } from '../../api/request.ts';
import { environment, live } from '../../live/current.ts';
import { closeDialog, openedAbout } from '../../router/dialog.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { useForm } from '../../ui/form.ts';
import { Affected } from './affected.tsx';
import { Confirmations, type Outcome } from './confirmations.tsx';
import { KillsInForce } from './kills-in-force.tsx';
import { lanesOf } from './lanes-of.ts';

/** Kills a lane or a flag: shows whom it touches, asks for the name, then counts the clients. */
export function KillDialog(): JSX.Element {
  const lanes = lanesOf(live.value?.flags.value);
  const givenFlag = openedAbout('kill-flag');
  const form = useForm({
    kind: givenFlag === undefined ? 'lane' : 'flag',
    lane: openedAbout('kill-lane') || (lanes[0] ?? ''),
    flag: givenFlag ?? '',
    typed: '',
    reason: '',
    /** Once it is done, so that a reload shows the confirmations again. */
    outcome: '',
  });
  const { kind, lane, flag, typed, reason } = form.values;
  const isLane = kind === 'lane';
  const name = (isLane ? lane : flag).trim();
  const done = useSignal('');
  const keep = form.set('outcome');
  const kill = async (): Promise<void> => {
    const body = isLane ? { lane: name } : { flag: name };
    // The confirmations are counted on the page, as they come in.
    const path = `${environmentPath(environment.peek(), 'kill')}?wait=0`;
    const { body: killed } = await api<Schema<'Killed'>>('POST', path, { body, reason: reason.trim() });
    done.value = JSON.stringify({ name, killed, at: Date.now() } satisfies Outcome);
  };
  if (form.values.outcome !== '') {
    const outcome = JSON.parse(form.values.outcome) as Outcome;
    const close = (): void => {
      form.clear();
      closeDialog();
    };
    return (
      <Dialog title={`${outcome.name} is killed`} onClose={close}>
        <Confirmations
          environment={environment.value}
          outcome={outcome}
          onMore={(clients) => {
            keep(JSON.stringify({ ...outcome, killed: { ...outcome.killed, clients } }));
          }}
        />
        <div class="actions">
          <button type="submit" class="button primary">
            Close
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <FormDialog
      title={`Kill in ${environment.value}`}
      action={`Kill ${name}`}
      form={form}
      isReady={name !== '' && typed === name}
      isDanger
      run={kill}
      onDone={() => keep(done.peek())}
      footer={<KillsInForce environment={environment.value} />}
    >
      <div class="segmented" role="group" aria-label="What to kill">
        <button type="button" aria-pressed={isLane} onClick={() => form.set('kind')('lane')}>
          A lane
        </button>
        <button type="button" aria-pressed={!isLane} onClick={() => form.set('kind')('flag')}>
          A flag
        </button>
      </div>
      {isLane && lanes.length > 0 ? (
        <SelectField
          label="Lane"
          value={lane}
          onChange={form.set('lane')}
          options={[...new Set([...lanes, lane])].map((one): [string, string] => [one, one])}
        />
      ) : (
        <TextField
          label={isLane ? 'Lane' : 'Flag'}
          mono
          value={isLane ? lane : flag}
          onInput={form.set(isLane ? 'lane' : 'flag')}
        />
      )}
      <p class="soft">
        {isLane
          ? 'Every request of this lane runs in baseline from now on, whatever rules and rollouts hold.'
          : 'Every evaluation of this flag returns its default variant from now on, whatever its rule holds.'}
      </p>
      {name !== '' && (
        <Affected
          key={`${isLane} ${name}`}
          environment={environment.value}
          lane={isLane ? name : undefined}
          flag={isLane ? undefined : name}
        />
      )}
      <TextField
        label={`Type ${name === '' ? 'the name' : name} to confirm`}
        mono
        value={typed}
        onInput={form.set('typed')}
      />
      <TextField label="Reason" value={reason} onInput={form.set('reason')} />
    </FormDialog>
  );
}
