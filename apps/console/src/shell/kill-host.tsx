import type { JSX } from 'preact';
import { openedAbout } from '../router/dialog.ts';
import { lazy } from '../ui/lazy.tsx';

const KillDialog = lazy(() => import('../screens/kill/kill-dialog.tsx'));

/** Shows the kill dialog, on every screen. */
export function KillHost(): JSX.Element | null {
  return (openedAbout('kill-lane') ?? openedAbout('kill-flag')) === undefined ? null : <KillDialog />;
}
