import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { ApiError } from '../../../api/request.ts';
import { environment, live } from '../../../live/current.ts';
import { Failed } from '../../../ui/states.tsx';
import { saveFlag } from '../../flags/draft/save-flag.ts';
import { defectKey, demoDefectOf } from '../model/demo.ts';

interface DemoDefectProps {
  readonly lane: string;
  /** Whether the rollout has ended: then there is only something to repair. */
  readonly isOver: boolean;
}

/** Of the demo shop alone: breaks payments in the lane, for the guard to find, and repairs them. */
export function DemoDefect({ lane, isOver }: DemoDefectProps): JSX.Element | null {
  const error = useSignal<ApiError | undefined>(undefined);
  const definition = demoDefectOf(live.value?.flags.value);
  if (definition === undefined) return null;
  const rule = (variant: string): object => ({ if: [{ '==': [{ var: 'lane' }, lane] }, variant] });
  const isBroken = JSON.stringify(definition['targeting']) === JSON.stringify(rule('failing'));
  if (isOver && !isBroken) return null;
  const change = async (): Promise<void> => {
    error.value = undefined;
    const targeting = rule(isBroken ? 'none' : 'failing');
    try {
      await saveFlag({
        environment: environment.peek(),
        key: defectKey,
        base: definition,
        definition: { ...definition, targeting },
        reason: isBroken ? 'repair the demo' : 'break the demo, for the guard to find',
      });
    } catch (failure) {
      error.value = failure as ApiError;
    }
  };
  return (
    <div class="notice">
      <p class="row">
        <span>
          This is the demo shop.{' '}
          {isBroken ? `Payments fail for 30 % of ${lane}.` : 'Watch the guard find a defect:'}
        </span>
        <button type="button" class="button small" onClick={() => void change()}>
          {isBroken ? 'Repair payments' : `Break payments in ${lane}`}
        </button>
      </p>
      {error.value && <Failed error={error.value} />}
    </div>
  );
}
