import { computed, signal, type ReadonlySignal } from '@preact/signals';

/** A place in the console: every state of it has a URL. */
export interface Place {
  /** The decoded segments of the path. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

const href = signal(hrefNow());

/** The current place. */
export const place: ReadonlySignal<Place> = computed(() => {
  const { pathname, searchParams } = new URL(href.value, location.origin);
  return { path: pathname.split('/').filter(Boolean).map(decode), query: searchParams };
});

/** Goes to another place; `replace` leaves no entry in the browser's history. */
export function navigate(target: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (target === hrefNow()) return;
  if (replace) history.replaceState(null, '', target);
  else history.pushState(null, '', target);
  href.value = hrefNow();
  if (!replace) scrollTo(0, 0);
}

/** Changes parameters of the current place; an empty one is removed. */
export function setQuery(changes: Readonly<Record<string, string | undefined>>): void {
  const query = new URLSearchParams(place.peek().query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  const search = query.toString();
  navigate(`${location.pathname}${search === '' ? '' : `?${search}`}`, { replace: true });
}

/** The URL of a screen of an environment. */
export function screenHref(environment: string, ...path: readonly string[]): string {
  return `/e/${[environment, ...path].map(encodeURIComponent).join('/')}`;
}

/** Follows the browser's history, and links of this origin without loading the page again. */
export function startRouter(): void {
  addEventListener('popstate', () => (href.value = hrefNow()));
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey)
      return;
    const link = (event.target as Element).closest?.('a');
    if (!link || link.origin !== location.origin || link.target !== '' || link.hasAttribute('download'))
      return;
    if (link.hash !== '' || link.pathname.startsWith('/api/') || link.pathname.startsWith('/auth/')) return;
    event.preventDefault();
    navigate(`${link.pathname}${link.search}`);
  });
}

function hrefNow(): string {
  return `${location.pathname}${location.search}`;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
