import type { JSX } from 'preact';
import { Empty } from '../../ui/states.tsx';

/** Audit. */
export function AuditScreen(): JSX.Element {
  return <Empty title="Audit" />;
}
