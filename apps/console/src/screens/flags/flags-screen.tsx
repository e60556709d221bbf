import type { JSX } from 'preact';
import { environment, live } from '../../live/current.ts';
import { place } from '../../router/location.ts';
import { Waiting } from '../../ui/states.tsx';
import { EditorScreen } from './editor/editor-screen.tsx';
import { FlagList } from './list/flag-list.tsx';
import './flags.css';

/** The list of flags, or the editor of one. */
export function FlagsScreen(): JSX.Element {
  const [, , , key] = place.value.path;
  const flags = live.value?.flags.value;
  if (flags === undefined) return <Waiting rows={8} />;
  if (key === undefined) return <FlagList flags={flags} />;
  return <EditorScreen key={`${environment.value} ${key}`} environment={environment.value} flagKey={key} />;
}
