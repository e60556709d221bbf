import type { JSX } from 'preact';
import { clock } from '../live/resource.ts';
import type { LiveFlags } from '../live/live-flags.ts';
import { shortRevision } from '../ui/numbers.ts';
import { span } from '../ui/time.tsx';

/** The revision that the page shows, and whether it is the newest. */
export function LiveState({ live }: { readonly live: LiveFlags | undefined }): JSX.Element | null {
  if (live === undefined) return null;
  const connection = live.connection.value;
  const revision = live.revision.value;
  const shown = revision === undefined ? '' : `rev ${shortRevision(revision)}`;
  if (connection.state === 'live') {
    return (
      <span class="live" title={`Revision ${revision ?? ''}, updated by the stream of changes`}>
        <span class="wide">{shown}</span> <span class="dot" /> live
      </span>
    );
  }
  const state =
    connection.state === 'stale' ? `stale since ${span(clock.value - connection.since)}` : connection.state;
  return (
    <span class="live stale">
      <span class="wide">{shown}</span> <span class="dot" /> {state}
    </span>
  );
}
