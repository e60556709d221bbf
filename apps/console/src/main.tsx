import { render } from 'preact';
import { followPlace } from './live/current.ts';
import { startRouter } from './router/location.ts';
import { App } from './shell/app.tsx';
import { followEnvironmentNames } from './live/environment-names.ts';
import { readSession } from './shell/oidc.ts';
import { startShortcuts } from './shell/shortcuts.ts';
import './styles/index.css';

startRouter();
startShortcuts();
followPlace();
followEnvironmentNames();
void readSession();
const root = document.querySelector('#app') as HTMLElement;
root.replaceChildren();
render(<App />, root);
