import type { ComponentType } from 'preact';
import { lazy } from '../ui/lazy.tsx';

/** A screen of an environment, or of the server. */
export interface Screen {
  /** The segment of the path. */
  readonly name: string;
  readonly title: string;
  /** The key after `g` that goes there. */
  readonly key?: string;
  readonly component: ComponentType;
}

/** The screens below `/e/{environment}/`, in the order of the navigation. */
export const environmentScreens: readonly Screen[] = [
  {
    name: 'lanes',
    title: 'Lanes',
    key: 'l',
    component: lazy(() => import('../screens/lanes/lanes-screen.tsx')),
  },
  {
    name: 'flags',
    title: 'Flags',
    key: 'f',
    component: lazy(() => import('../screens/flags/flags-screen.tsx')),
  },
  {
    name: 'rollouts',
    title: 'Rollouts',
    key: 'r',
    component: lazy(() => import('../screens/rollouts/rollouts-screen.tsx')),
  },
  { name: 'map', title: 'Map', key: 'm', component: lazy(() => import('../screens/map/map-screen.tsx')) },
  {
    name: 'history',
    title: 'History',
    key: 'h',
    component: lazy(() => import('../screens/history/history-screen.tsx')),
  },
  {
    name: 'clients',
    title: 'Clients',
    key: 'c',
    component: lazy(() => import('../screens/server/clients-screen.tsx')),
  },
];

/** The screens of the whole server, at the top of the path. */
export const serverScreens: readonly Screen[] = [
  {
    name: 'environments',
    title: 'Environments',
    key: 'e',
    component: lazy(() => import('../screens/server/environments-screen.tsx')),
  },
  {
    name: 'tokens',
    title: 'Tokens',
    key: 't',
    component: lazy(() => import('../screens/server/tokens-screen.tsx')),
  },
  {
    name: 'audit',
    title: 'Audit',
    key: 'a',
    component: lazy(() => import('../screens/server/audit-screen.tsx')),
  },
];
