import { place, setQuery } from './location.ts';

/** Opens a dialog of the page, e.g. `remove`, about one of its things. It is a part of the URL. */
export function openDialog(name: string, about?: string): void {
  setQuery({ dialog: name, about });
}

/** Closes the open dialog. */
export function closeDialog(): void {
  setQuery({ dialog: undefined, about: undefined });
}

/** The subject of a dialog while it is open, empty for a dialog without one; else undefined. */
export function openedAbout(name: string): string | undefined {
  const { query } = place.value;
  return query.get('dialog') === name ? (query.get('about') ?? '') : undefined;
}
