import type { JSX } from 'preact';

interface DifferencesProps {
  readonly of: readonly { readonly path: string; readonly before?: unknown; readonly after?: unknown }[];
}

const maxShown = 50;

/** Differences by JSON path: what was removed, and what came. */
export function Differences({ of }: DifferencesProps): JSX.Element {
  if (of.length === 0) return <p class="soft">No difference.</p>;
  return (
    <ul class="differences">
      {of.slice(0, maxShown).map(({ path, before, after }) => (
        <li key={path}>
          <code class="path">{path}</code>
          {before !== undefined && (
            <del>
              <span aria-hidden="true">−</span> <span class="hidden">before: </span>
              <code>{shown(before)}</code>
            </del>
          )}
          {after !== undefined && (
            <ins>
              <span aria-hidden="true">+</span> <span class="hidden">after: </span>
              <code>{shown(after)}</code>
            </ins>
          )}
        </li>
      ))}
      {of.length > maxShown && <li class="soft">and {of.length - maxShown} more</li>}
    </ul>
  );
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
