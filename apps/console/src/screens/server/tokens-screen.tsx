import type { JSX } from 'preact';
import { Empty } from '../../ui/states.tsx';

/** Tokens. */
export function TokensScreen(): JSX.Element {
  return <Empty title="Tokens" />;
}
