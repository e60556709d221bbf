import type { JSX } from 'preact';
import { Empty } from '../../ui/states.tsx';

/** Environments. */
export function EnvironmentsScreen(): JSX.Element {
  return <Empty title="Environments" />;
}
