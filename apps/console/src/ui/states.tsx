import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { ApiError, type ApiProblem } from '../api/request.ts';

/** Placeholders while a screen waits; after two seconds it states that the server is slow. */
export function Waiting({ rows = 4 }: { readonly rows?: number }): JSX.Element {
  const isSlow = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => (isSlow.value = true), 2000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="waiting" role="status" aria-label="Loading">
      {isSlow.value && <p class="soft">The server takes longer than usual. The page goes on waiting.</p>}
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} />
      ))}
    </div>
  );
}

/** A failure with its reason, and the way on. */
export function Failed({
  error,
  retry,
}: {
  readonly error: Error;
  readonly retry?: () => void;
}): JSX.Element {
  return (
    <div class="notice bad" role="alert">
      <p>
        <strong>{titleOf(error)}</strong> {error.message}
      </p>
      {error instanceof ApiError && <Problems problems={error.problems} />}
      {retry && (
        <div class="actions">
          <button type="button" class="button small" onClick={retry}>
            Try again
          </button>
        </div>
      )}
    </div>
  );
}

/** Faults by JSON path, each with what would be right. */
export function Problems({ problems }: { readonly problems: readonly ApiProblem[] }): JSX.Element | null {
  if (problems.length === 0) return null;
  return (
    <ul class="problems">
      {problems.slice(0, 20).map(({ path, message, remedy }, index) => (
        <li key={index}>
          <code>{path}</code> {message}: {remedy}
        </li>
      ))}
      {problems.length > 20 && <li>and {problems.length - 20} more</li>}
    </ul>
  );
}

/** A screen without content: what would be here, and how to get there. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

function titleOf(error: Error): string {
  const status = error instanceof ApiError ? error.status : undefined;
  if (status === 0) return 'No connection.';
  if (status === 401) return 'Not signed in.';
  if (status === 403) return 'Not allowed.';
  if (status === 404) return 'Not found.';
  if (status === 503 || status === 507) return 'The server cannot write.';
  return 'This did not work.';
}
