import { environment } from '../live/current.ts';
import { navigate, screenHref } from '../router/location.ts';
import { openDialog } from '../router/dialog.ts';
import { environmentScreens, serverScreens } from './screens.ts';

/** Listens to the keys of the whole console. */
export function startShortcuts(): void {
  let isGoing = false;
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const { key } = event;
    if (document.querySelector('dialog[open]')) return;
    if (isGoing) {
      isGoing = false;
      if (go(key)) event.preventDefault();
      return;
    }
    const action = actions[key];
    if (key === 'g') isGoing = true;
    else if (action) {
      event.preventDefault();
      action();
    }
  });
}

/** Puts the focus on the search field of the screen; a screen without one leads to the flags. */
export function openSearch(): void {
  const field = document.querySelector<HTMLInputElement>('input[type=search]');
  if (field) {
    field.focus();
    field.select();
  } else navigate(`${screenHref(environment.peek(), 'flags')}?search`);
}

const actions: Readonly<Record<string, () => void>> = {
  '/': openSearch,
  k: () => openDialog('kill-lane'),
  '?': () => openDialog('keyboard'),
};

function go(key: string): boolean {
  const ofEnvironment = environmentScreens.find((screen) => screen.key === key);
  const ofServer = serverScreens.find((screen) => screen.key === key);
  if (ofEnvironment) navigate(screenHref(environment.peek(), ofEnvironment.name));
  else if (ofServer) navigate(`/${ofServer.name}`);
  return ofEnvironment !== undefined || ofServer !== undefined;
}

function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath() as Element[];
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
