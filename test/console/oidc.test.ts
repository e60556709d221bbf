import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fees, serveFolder, type Served } from '../../apps/server/test/support/serve.ts';
import { chromium } from '../components/tools/chromium.ts';
import { describeWith } from '../components/components.ts';
import { ConsoleBrowser, shows } from '../support/console.ts';

const roles: Readonly<Record<string, readonly string[]>> = {
  wang: ['staff', 'graylane-write'],
  eve: ['staff'],
};

await describeWith(chromium, 'sign-in by OpenID Connect', () => {
  let identity: Server;
  let served: Served;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    identity = createHttpServer();
    await new Promise<void>((resolve) => identity.listen(0, '127.0.0.1', resolve));
    const issuer = `http://127.0.0.1:${(identity.address() as AddressInfo).port}`;
    const oidc = { issuer, clientId: 'graylane', clientSecret: 'a secret of at least 32 characters' };
    served = await serveFolder({ flags: { fees } }, { oidc });
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: oidc.clientId,
          client_secret: oidc.clientSecret,
          redirect_uris: [`${served.url}/auth/callback`],
        },
      ],
      claims: { openid: ['sub'], email: ['email'], profile: ['roles'] },
      findAccount: (_context, accountId) => ({
        accountId,
        claims: () => ({ sub: accountId, email: `${accountId}@shop.example`, roles: roles[accountId] }),
      }),
    });
    const serve = provider.callback();
    identity.on('request', (request, response) => void serve(request, response));
    browser = await ConsoleBrowser.launch();
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
    identity?.closeAllConnections();
    identity?.close();
  });

  const signIn = async (page: Page, name: string): Promise<void> => {
    await page.getByRole('link', { name: 'Sign in with your organisation' }).click();
    await page.locator('input[name=login]').fill(name);
    await page.locator('input[name=password]').fill('any');
    await page.locator('button[type=submit]').click();
    await page.locator('button[type=submit]').click();
  };

  test('a person signs in, comes back to the page, and is the author of the change', async () => {
    const page = await browser.open(`${served.url}/e/default/flags/fees`);
    await signIn(page, 'wang');
    await page.waitForURL(`${served.url}/e/default/flags/fees`);
    await page.getByRole('textbox', { name: 'Description' }).fill('changed by a person');
    await page.getByLabel('Reason').fill('signed in');
    await page.getByRole('button', { name: 'Save' }).click();
    await shows(page, 'Saved.');
    await page.getByRole('link', { name: 'History' }).first().click();
    await shows(page, /wang@shop\.example/);

    const cookie = (await page.context().cookies()).find(({ name }) => name === 'graylane-session');
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
    const session = { cookie: `graylane-session=${cookie?.value}` };
    const flag = `${served.url}/api/v1/environments/default/flags/fees`;
    const read = await fetch(flag, { headers: session });
    expect(read.status).toBe(200);
    const write = (headers: Record<string, string>): Promise<Response> =>
      fetch(flag, {
        method: 'DELETE',
        headers: { ...session, 'if-match': read.headers.get('etag') ?? '', ...headers },
      });
    expect((await write({})).status).toBe(403);
    expect((await write({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await fetch(`${served.url}/api/v1/tokens`, { headers: session })).status).toBe(403);
    const forged = { cookie: `${session.cookie.slice(0, -4)}AAAA` };
    expect((await fetch(flag, { headers: forged })).status).toBe(401);

    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('button', { name: 'Sign out wang@shop.example' }).click();
    await shows(page, 'You have signed out.');
    expect((await page.context().cookies()).map(({ name }) => name)).not.toContain('graylane-session');
    expect((await write({ origin: served.url })).status).toBe(204);
    await page.context().close();
  });

  test('a person without a role is refused, with the remedy', async () => {
    const page = await browser.open(`${served.url}/`);
    await signIn(page, 'eve');
    await shows(page, /eve@shop\.example has no role here: give the account graylane-write/);
    await page.context().close();
  });

  test('the way back leads to pages of this server alone, and a foreign callback to nothing', async () => {
    const manual = { redirect: 'manual' } as const;
    for (const back of ['https://evil.example', '//evil.example', '/\\evil.example']) {
      const started = await fetch(`${served.url}/auth/sign-in?back=${encodeURIComponent(back)}`, manual);
      expect(started.status).toBe(302);
      expect(started.headers.get('location')).not.toContain('evil');
    }
    const callback = await fetch(`${served.url}/auth/callback?code=x&state=y`, manual);
    expect([callback.status, await callback.text()]).toEqual([401, expect.stringContaining('try again')]);
  });

  test('a callback counts once, and in the browser that began the sign-in', async () => {
    const page = await browser.open(`${served.url}/`);
    const called = page.waitForRequest((request) => request.url().includes('/auth/callback'));
    let kept = '';
    page.on('request', async (request) => {
      if (!request.url().includes('/auth/callback')) return;
      kept = (await request.allHeaders())['cookie'] ?? '';
    });
    await signIn(page, 'wang');
    const callback = (await called).url();
    await page.waitForURL(`${served.url}/**`);
    await expect.poll(() => kept).toContain('graylane-sign-in=');
    await page.context().close();

    const replay = async (url: string, cookie: string): Promise<[number, readonly string[]]> => {
      const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
      return [response.status, response.headers.getSetCookie()];
    };
    // The same callback again, with the same cookie: the identity provider takes a code once.
    expect(await replay(callback, kept)).toEqual([401, []]);
    // It in a browser that has begun a sign-in of its own, or none.
    const started = await fetch(`${served.url}/auth/sign-in`, { redirect: 'manual' });
    const own = started.headers.getSetCookie().map((one) => one.split(';', 1)[0]);
    expect(own[0]).toContain('graylane-sign-in=');
    expect(await replay(callback, own.join('; '))).toEqual([401, []]);
    expect(await replay(callback, '')).toEqual([401, []]);
    // Another state, issuer or code.
    for (const [name, value] of [
      ['state', 'x'],
      ['iss', 'https://evil.example'],
      ['code', 'x'],
    ] as const) {
      const changed = new URL(callback);
      changed.searchParams.set(name, value);
      expect(await replay(changed.href, kept)).toEqual([401, []]);
    }
  });

  test('without a session every request needs a token', async () => {
    expect((await fetch(`${served.url}/api/v1/environments`)).status).toBe(401);
    expect(await (await fetch(`${served.url}/auth/session`)).json()).toEqual({ signIn: true });
  });
});
