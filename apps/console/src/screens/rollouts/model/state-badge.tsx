import type { JSX } from 'preact';
import type { RolloutSummary } from './rollout.ts';

/** The state of a rollout in a word. */
export function StateBadge({
  rollout,
}: {
  readonly rollout: Pick<RolloutSummary, 'state' | 'action'>;
}): JSX.Element {
  const { state, action } = rollout;
  const [kind, words] = state === 'running' ? (running[action ?? 'hold'] ?? running.hold) : states[state];
  return <span class={`badge ${kind}`}>{words}</span>;
}

const running = {
  hold: ['', '● running, holds'],
  promote: ['good', '● running, promotes'],
  pause: ['warn', '● running, would pause'],
  rollback: ['bad', '● running, would roll back'],
} as const;

const states = {
  scheduled: ['', '◷ scheduled'],
  paused: ['warn', '❚❚ paused'],
  promoted: ['good', '✓ promoted'],
  rolled_back: ['bad', '↩ rolled back'],
} as const;
