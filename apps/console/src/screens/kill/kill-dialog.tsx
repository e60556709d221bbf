import type { JSX } from 'preact';
import { closeKill } from '../../live/kill-target.ts';
import { Dialog } from '../../ui/dialog.tsx';

/** Kills a lane or a flag. */
export function KillDialog(): JSX.Element {
  return (
    <Dialog title="Kill" onClose={closeKill} onSubmit={closeKill}>
      <p>Nothing here yet.</p>
    </Dialog>
  );
}
