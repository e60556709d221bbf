import type { JSX } from 'preact';

/** How many evaluations a row matched lately. */
export function Matches({ words }: { readonly words: string | undefined }): JSX.Element | null {
  return words === undefined ? null : <span class="soft small number matches">{words}</span>;
}
