import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { refused, signIn } from '../api/session.ts';
import { navigate, place } from '../router/location.ts';
import { TextField } from '../ui/field.tsx';
import { oidcIsOn } from './oidc.ts';

/** Sign-in by a token, and by OpenID Connect where the server has it. The place and drafts stay. */
export function SignIn(): JSX.Element {
  const entered = useSignal('');
  document.title = 'Sign in · graylane';
  const submit = (event: Event): void => {
    event.preventDefault();
    if (entered.value.trim() === '') return;
    signIn(entered.value.trim());
    if (place.peek().path[0] === 'sign-in') navigate('/', { replace: true });
  };
  const back = place.value.path[0] === 'sign-in' ? '/' : `${location.pathname}${location.search}`;
  return (
    <main class="alone">
      <form class="card" onSubmit={submit}>
        <h1>Sign in to graylane</h1>
        {refused.value !== undefined && (
          <p class="notice warn" role="status">
            {refused.value}
          </p>
        )}
        {oidcIsOn.value && (
          <>
            <a class="button primary" href={`/auth/sign-in?back=${encodeURIComponent(back)}`}>
              Sign in with your organisation
            </a>
            <p class="soft">or with a token:</p>
          </>
        )}
        <TextField
          label="Token"
          isSecret
          placeholder="gl_…"
          mono
          value={entered.value}
          onInput={(value) => (entered.value = value)}
          hint="It stays in this tab, and ends with it. An administrator makes one: graylane-server token create NAME --scope write"
        />
        <button type="submit" class={oidcIsOn.value ? 'button' : 'button primary'}>
          Sign in
        </button>
      </form>
    </main>
  );
}
