import type { JSX } from 'preact';
import type { Schema } from '../../api/request.ts';
import { environment } from '../../live/current.ts';
import { screenHref } from '../../router/location.ts';
import { count } from '../../ui/numbers.ts';

/**
 * The dyes that got lost, appeared from nowhere or were refused: "escaped 0  leaked 0  forged 3".
 */
export function LapseSummary({ lanes }: { readonly lanes: Schema<'Lanes'> }): JSX.Element {
  const ofTraces = (kind: 'escaped' | 'leaked'): number =>
    lanes.lanes.reduce((sum, lane) => sum + lane[kind], 0);
  const ofEvents = (event: string): number =>
    lanes.events.reduce((sum, one) => (one.event === event ? sum + one.last5Minutes : sum), 0);
  const kinds = [
    ['escaped', Math.max(ofTraces('escaped'), ofEvents('escaped')), 'bad', '?lapse=escaped'],
    ['leaked', Math.max(ofTraces('leaked'), ofEvents('leaked')), 'warn', '?lapse=leaked'],
    ['forged', ofEvents('forged'), 'warn', ''],
  ] as const;
  return (
    <p class="row end">
      {kinds.map(([name, number, kind, query]) => (
        <a
          key={name}
          class={`badge number ${number > 0 ? kind : ''}`}
          href={`${screenHref(environment.value, 'map')}${query}`}
        >
          {name} {count(number)}
        </a>
      ))}
    </p>
  );
}
