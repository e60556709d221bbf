import type { JSX } from 'preact';
import { killTarget } from '../live/kill-target.ts';
import { lazy } from '../ui/lazy.tsx';

const KillDialog = lazy(() => import('../screens/kill/kill-dialog.tsx'));

/** Shows the kill dialog, on every screen, while it has a target. */
export function KillHost(): JSX.Element | null {
  return killTarget.value === undefined ? null : <KillDialog />;
}
