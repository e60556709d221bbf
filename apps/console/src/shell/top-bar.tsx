import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { token } from '../api/session.ts';
import { environment, live } from '../live/current.ts';
import { navigate, screenHref } from '../router/location.ts';
import { environmentNames } from '../live/environment-names.ts';
import { openDialog } from '../router/dialog.ts';
import { LiveState } from './live-state.tsx';
import { endSession, person } from './oidc.ts';
import { environmentScreens, serverScreens, type Screen } from './screens.ts';
import { openSearch } from './shortcuts.ts';

/** Environment, screens, search, the state of the connection, and the way to kill. */
export function TopBar({ current }: { readonly current: Screen | undefined }): JSX.Element {
  const here = environment.value;
  return (
    <header class="top">
      <a class="brand" href={screenHref(here, 'lanes')}>
        <img src="/icon.svg" alt="" />
        <span class="wide">graylane</span>
      </a>
      <EnvironmentSwitch current={current} />
      <nav aria-label="Screens">
        {environmentScreens.slice(0, 5).map(({ name, title }) => (
          <a
            key={name}
            href={screenHref(here, name)}
            aria-current={current?.name === name ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      <div class="end">
        <button type="button" class="button small plain wide" onClick={openSearch}>
          Search <kbd>/</kbd>
        </button>
        <LiveState live={live.value} />
        <ManageMenu current={current} />
        <button type="button" class="button small danger" onClick={() => openDialog('kill-lane')}>
          Kill <kbd class="wide">k</kbd>
        </button>
      </div>
    </header>
  );
}

function EnvironmentSwitch({ current }: { readonly current: Screen | undefined }): JSX.Element {
  const here = environment.value;
  const names = environmentNames.value;
  const target = environmentScreens.some(({ name }) => name === current?.name) ? current?.name : 'lanes';
  return (
    <select
      class="environment"
      aria-label="Environment"
      value={here}
      onChange={(event) => navigate(screenHref(event.currentTarget.value, target ?? 'lanes'))}
    >
      {[...new Set([...names, here])].map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

function ManageMenu({ current }: { readonly current: Screen | undefined }): JSX.Element {
  const isOpen = useSignal(false);
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const close = (event: Event): void => {
      if (
        event instanceof KeyboardEvent
          ? event.key === 'Escape'
          : !menu.current?.contains(event.target as Node)
      )
        isOpen.value = false;
    };
    document.addEventListener('click', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('click', close);
      document.removeEventListener('keydown', close);
    };
  }, []);
  return (
    <div class="manage" ref={menu}>
      <button
        type="button"
        class="button small"
        aria-expanded={isOpen.value}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        More
      </button>
      {isOpen.value && (
        <ul onClick={() => (isOpen.value = false)}>
          <MenuLink
            href={screenHref(environment.value, 'clients')}
            title="Clients"
            isHere={current?.name === 'clients'}
          />
          {serverScreens.map(({ name, title }) => (
            <MenuLink key={name} href={`/${name}`} title={title} isHere={current?.name === name} />
          ))}
          <li>
            <button type="button" onClick={() => openDialog('keyboard')}>
              Keyboard <kbd>?</kbd>
            </button>
          </li>
          {(token.value ?? person.value) !== undefined && (
            <li>
              <button type="button" onClick={() => void endSession()}>
                Sign out {person.value?.name}
              </button>
            </li>
          )}
        </ul>
      )}
    </div>
  );
}

interface MenuLinkProps {
  readonly href: string;
  readonly title: string;
  readonly isHere: boolean;
}

function MenuLink({ href, title, isHere }: MenuLinkProps): JSX.Element {
  return (
    <li>
      <a href={href} aria-current={isHere ? 'page' : undefined}>
        {title}
      </a>
    </li>
  );
}
