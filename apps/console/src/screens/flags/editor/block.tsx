import type { JSX } from 'preact';
import { setQuery } from '../../../router/location.ts';

interface BlockProps {
  readonly source: unknown;
  /** E.g. "condition of row 2". */
  readonly what: string;
}

/** JSON that the rows cannot show: it stays as it is. */
export function Block({ source, what }: BlockProps): JSX.Element {
  return (
    <figure class="block" aria-label={what}>
      <figcaption class="soft small">
        This {what} is richer than rows, and stays as it is.{' '}
        <button type="button" class="link" onClick={() => setQuery({ as: 'json' })}>
          Edit it as JSON
        </button>
      </figcaption>
      <pre tabIndex={0} aria-label={`JSON of the ${what}`}>
        {JSON.stringify(source, null, 2)}
      </pre>
    </figure>
  );
}
