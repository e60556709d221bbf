import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { api, environmentPath, type ApiError, type Schema } from '../../api/request.ts';
import { countOf } from '../../ui/numbers.ts';

interface VerificationProps {
  readonly environment: string;
  /** The newest revision: another one makes a result old. */
  readonly revision: string | undefined;
}

/** The result of a verification of the history. */
interface Verified {
  readonly revision: string | undefined;
  readonly words: string;
  readonly isGood: boolean;
}

/** Checks the hash chain of the whole history on the server. */
export function Verification({ environment, revision }: VerificationProps): JSX.Element {
  const result = useSignal<Verified | undefined>(undefined);
  const isBusy = useSignal(false);
  const verify = async (): Promise<void> => {
    isBusy.value = true;
    try {
      const { body } = await api<Schema<'Verification'>>('GET', environmentPath(environment, 'verify'));
      const [fault] = body.faults;
      result.value =
        fault === undefined
          ? { revision, words: `${countOf(body.revisions, 'revision')}, chain verified`, isGood: true }
          : { revision, words: fault, isGood: false };
    } catch (error) {
      result.value = { revision, words: (error as ApiError).message, isGood: false };
    }
    isBusy.value = false;
  };
  const { value } = result;
  return (
    <span class="row end" role="status">
      {value !== undefined && value.revision === revision && (
        <span class={value.isGood ? 'badge good' : 'badge bad'}>
          {value.isGood ? `✓ ${value.words}` : value.words}
        </span>
      )}
      <button type="button" class="button small" disabled={isBusy.value} onClick={() => void verify()}>
        {isBusy.value ? 'Verifying…' : 'Verify the chain'}
      </button>
    </span>
  );
}
