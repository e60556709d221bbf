import type { JSX } from 'preact';
import { Empty } from '../../ui/states.tsx';

/** Rollouts. */
export function RolloutsScreen(): JSX.Element {
  return <Empty title="Rollouts" />;
}
