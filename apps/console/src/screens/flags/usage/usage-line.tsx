import type { JSX } from 'preact';
import { clock } from '../../../live/resource.ts';
import { count, countOf } from '../../../ui/numbers.ts';
import { span } from '../../../ui/time.tsx';
import type { FlagUsage } from './usage.ts';

/** Who evaluates the flag, and what they got in the last five minutes. */
export function UsageLine({ usage }: { readonly usage: FlagUsage }): JSX.Element {
  const { services, variants, lastEvaluated, since } = usage;
  const recent = variants.filter(({ last5Minutes }) => last5Minutes > 0);
  if (lastEvaluated === null) {
    return (
      <p class="soft">
        Not evaluated for {span(clock.value - Date.parse(since))}, since evaluations are counted.
      </p>
    );
  }
  return (
    <p class="soft usage">
      <span>
        In use by {countOf(services.length, 'service')}:{' '}
        {services
          .slice(0, 5)
          .map(({ service }) => service)
          .join(', ')}
        {services.length > 5 && ` and ${services.length - 5} more`}; last{' '}
        {span(clock.value - Date.parse(lastEvaluated))} ago.
      </span>
      {recent.map(({ variant, last5Minutes }) => (
        <span key={variant} class="badge number">
          {variant ?? 'default of the code'} {count(last5Minutes)} in 5 min
        </span>
      ))}
    </p>
  );
}
