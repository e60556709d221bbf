import type { JSX } from 'preact';
import { api, environmentPath, type Schema } from '../../api/request.ts';
import { environment } from '../../live/current.ts';
import { openDialog, openedAbout } from '../../router/dialog.ts';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';

/** Pauses the rollout that moves a lane. */
export function PauseButton({ rollout }: { readonly rollout: Schema<'RolloutSummary'> }): JSX.Element {
  return (
    <>
      <button type="button" class="button small" onClick={() => openDialog('pause', rollout.id)}>
        Pause…
      </button>
      {openedAbout('pause') === rollout.id && (
        <ConfirmDialog
          title={`Pause the rollout of ${rollout.lane}?`}
          action="Pause"
          asksReason
          run={async (reason) => {
            await api('POST', environmentPath(environment.peek(), 'rollouts', rollout.id, 'pause'), {
              reason,
            });
          }}
        >
          <p>The lane keeps its share; no step is taken until the rollout is resumed.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
