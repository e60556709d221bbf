import type { JSX } from 'preact';
import { Empty } from '../../ui/states.tsx';

/** Lanes. */
export function LanesScreen(): JSX.Element {
  return <Empty title="Lanes" />;
}
