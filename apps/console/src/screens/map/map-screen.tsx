import type { JSX } from 'preact';
import { Empty } from '../../ui/states.tsx';

/** Map. */
export function MapScreen(): JSX.Element {
  return <Empty title="Map" />;
}
