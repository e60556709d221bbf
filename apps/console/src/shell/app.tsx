import type { JSX } from 'preact';
import { refused } from '../api/session.ts';
import { openedAbout } from '../router/dialog.ts';
import { place } from '../router/location.ts';
import { Empty } from '../ui/states.tsx';
import { HelpDialog } from './help-dialog.tsx';
import { KillHost } from './kill-host.tsx';
import { environmentScreens, serverScreens, type Screen } from './screens.ts';
import { SignIn } from './sign-in.tsx';
import { StaleBar } from './stale-bar.tsx';
import { TopBar } from './top-bar.tsx';

/** The console: the bar at the top, and the screen of the current place. */
export function App(): JSX.Element {
  if (refused.value !== undefined || place.value.path[0] === 'sign-in') return <SignIn />;
  const screen = screenOf(place.value.path);
  document.title = `${screen?.title ?? 'Not found'} · graylane`;
  return (
    <>
      <a class="hidden skip" href="#main">
        Skip to the page
      </a>
      <TopBar current={screen} />
      <StaleBar />
      <main class="page" id="main" tabIndex={-1}>
        {screen ? <screen.component key={screen.name} /> : <NotFound />}
      </main>
      {openedAbout('keyboard') !== undefined && <HelpDialog />}
      <KillHost />
    </>
  );
}

function screenOf(path: readonly string[]): Screen | undefined {
  const [first, , name] = path;
  if (first === undefined) return environmentScreens[0];
  if (first !== 'e') return serverScreens.find((screen) => screen.name === first);
  return name === undefined
    ? environmentScreens[0]
    : environmentScreens.find((screen) => screen.name === name);
}

function NotFound(): JSX.Element {
  return (
    <Empty title="There is no such page">
      <p>
        The address may be mistyped. <a href="/">Go to the lanes</a>
      </p>
    </Empty>
  );
}
