import type { JSX } from 'preact';
import { span } from '../../../ui/time.tsx';
import type { Rollout } from '../model/rollout.ts';

/** The steps as bands, with the current one marked. */
export function Steps({ rollout }: { readonly rollout: Rollout }): JSX.Element {
  const { definition, step, state, standing } = rollout;
  const position = (index: number): 'done' | 'now' | 'next' => {
    if (state === 'promoted') return 'done';
    return index + 1 < step ? 'done' : index + 1 === step ? 'now' : 'next';
  };
  return (
    <ol class="steps-band" aria-label="Steps">
      <li class={step === 0 ? 'now' : 'done'} aria-current={step === 0 ? 'step' : undefined}>
        <span>{standing ? 'A/A, standing' : 'A/A'}</span>
        <span class="soft small">same code</span>
      </li>
      {definition.steps.map(({ weight, minSeconds, minRequests }, index) => (
        <li key={index} class={position(index)} aria-current={position(index) === 'now' ? 'step' : undefined}>
          <span class="number">{weight} %</span>
          <span class="soft small">
            {[minSeconds && span(minSeconds * 1000), minRequests && `${minRequests} requests`]
              .filter(Boolean)
              .join(', ') || 'by evidence'}
          </span>
        </li>
      ))}
    </ol>
  );
}
