import type { JSX } from 'preact';
import { Empty } from '../../ui/states.tsx';

/** Clients. */
export function ClientsScreen(): JSX.Element {
  return <Empty title="Clients" />;
}
