import type { JSX } from 'preact';
import type { Schema } from '../../api/request.ts';
import { percent } from '../../ui/numbers.ts';

/** The shares of all lanes in one bar. */
export function ShareBar({ lanes }: { readonly lanes: readonly Schema<'Lane'>[] }): JSX.Element {
  const shown = lanes.filter(({ share }) => (share ?? 0) > 0);
  const words = shown.map(({ lane, share }) => `${lane} ${percent(share ?? 0)}`).join(', ');
  return (
    <div class="share-bar" role="img" aria-label={`Shares of the traffic: ${words}`}>
      {shown.map(({ lane, share, isControl }) => (
        <span
          key={lane}
          data-lane={lane === 'baseline' ? 'baseline' : isControl ? 'control' : 'gray'}
          style={{ flexGrow: String(share ?? 0) }}
          title={`${lane} ${percent(share ?? 0)}`}
        >
          {(share ?? 0) >= 0.08 && lane}
        </span>
      ))}
    </div>
  );
}
