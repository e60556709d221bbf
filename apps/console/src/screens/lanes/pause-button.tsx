import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { api, environmentPath, type Schema } from '../../api/request.ts';
import { environment } from '../../live/current.ts';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';

/** Pauses the rollout that moves a lane. */
export function PauseButton({ rollout }: { readonly rollout: Schema<'RolloutSummary'> }): JSX.Element {
  const isAsking = useSignal(false);
  return (
    <>
      <button type="button" class="button small" onClick={() => (isAsking.value = true)}>
        Pause…
      </button>
      {isAsking.value && (
        <ConfirmDialog
          title={`Pause the rollout of ${rollout.lane}?`}
          action="Pause"
          asksReason
          run={async (reason) => {
            await api('POST', environmentPath(environment.peek(), 'rollouts', rollout.id, 'pause'), {
              reason,
            });
          }}
          onClose={() => (isAsking.value = false)}
        >
          <p>The lane keeps its share; no step is taken until the rollout is resumed.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
