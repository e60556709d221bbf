import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { api, environmentPath, type ApiError, type Schema } from '../../api/request.ts';
import { environment, live } from '../../live/current.ts';
import { closeKill, killTarget } from '../../live/kill-target.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { Failed } from '../../ui/states.tsx';
import { Affected } from './affected.tsx';
import { Confirmations } from './confirmations.tsx';
import { KillsInForce } from './kills-in-force.tsx';
import { lanesOf } from './lanes-of.ts';

/** Kills a lane or a flag: shows whom it touches, asks for the name, then counts the clients. */
export function KillDialog(): JSX.Element {
  const target = killTarget.value ?? {};
  const flags = live.value?.flags.value;
  const lanes = lanesOf(flags);
  const kind = useSignal(target.flag === undefined ? 'lane' : 'flag');
  const lane = useSignal(target.lane ?? lanes[0] ?? '');
  const flag = useSignal(target.flag ?? '');
  const typed = useSignal('');
  const reason = useSignal('');
  const error = useSignal<ApiError | undefined>(undefined);
  const killed = useSignal<Schema<'Killed'> | undefined>(undefined);
  const isBusy = useSignal(false);
  const isLane = kind.value === 'lane';
  const name = (isLane ? lane.value : flag.value).trim();
  const isReady = name !== '' && typed.value === name && !isBusy.value;
  const kill = async (): Promise<void> => {
    if (!isReady) return;
    isBusy.value = true;
    error.value = undefined;
    try {
      const body = isLane ? { lane: name } : { flag: name };
      // The confirmations are counted on the page, as they come in.
      const path = `${environmentPath(environment.peek(), 'kill')}?wait=0`;
      killed.value = (await api<Schema<'Killed'>>('POST', path, { body, reason: reason.peek().trim() })).body;
    } catch (failure) {
      error.value = failure as ApiError;
    }
    isBusy.value = false;
  };
  if (killed.value) {
    return (
      <Dialog title={`${name} is killed`} onClose={closeKill} onSubmit={closeKill}>
        <Confirmations environment={environment.value} killed={killed.value} />
        <div class="actions">
          <button type="submit" class="button primary">
            Close
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={`Kill in ${environment.value}`} onClose={closeKill} onSubmit={() => void kill()}>
      <div class="segmented" role="group" aria-label="What to kill">
        <button type="button" aria-pressed={isLane} onClick={() => (kind.value = 'lane')}>
          A lane
        </button>
        <button type="button" aria-pressed={!isLane} onClick={() => (kind.value = 'flag')}>
          A flag
        </button>
      </div>
      {isLane && lanes.length > 0 ? (
        <SelectField
          label="Lane"
          value={lane.value}
          onChange={(value) => (lane.value = value)}
          options={[...new Set([...lanes, lane.value])].map((one): [string, string] => [one, one])}
        />
      ) : (
        <TextField
          label={isLane ? 'Lane' : 'Flag'}
          mono
          value={isLane ? lane.value : flag.value}
          onInput={(value) => ((isLane ? lane : flag).value = value)}
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
        value={typed.value}
        onInput={(value) => (typed.value = value)}
      />
      <TextField label="Reason" value={reason.value} onInput={(value) => (reason.value = value)} />
      {error.value && <Failed error={error.value} />}
      <KillsInForce environment={environment.value} />
      <div class="actions">
        <button type="button" class="button" onClick={closeKill}>
          Cancel
        </button>
        <button type="submit" class="button danger" disabled={!isReady}>
          Kill {name}
        </button>
      </div>
    </Dialog>
  );
}
