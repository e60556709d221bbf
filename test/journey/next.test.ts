import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { describeWith } from '../components/components.ts';
import { buildNextApplication, next, nextCommand } from '../components/tools/next.ts';
import { codeBlocks } from '../support/markdown.ts';
import { ServerProcess } from '../support/server-process.ts';
import { freePort, Supervised } from '../support/supervised.ts';

/** Parts of an application that docs/adapters/serverless.md describes, and does not show. */
const further = {
  'app/layout.js': `import { createElement } from 'react';
    export default ({ children }) => createElement('html', {}, createElement('body', {}, children));`,
  'app/page.js': `import { getActiveLane } from '@graylane/baggage';
    import { runInMessage } from '@graylane/baggage/kafka';
    import { createElement } from 'react';
    import { headers } from 'next/headers';
    export const dynamic = 'force-dynamic';
    const lane = (where) => createElement('p', {}, where + ' in ' + getActiveLane() + '!');
    async function Nested() {
      await new Promise((resolve) => setImmediate(resolve));
      return lane('nested');
    }
    export default async function Page() {
      const message = { headers: { baggage: (await headers()).get('baggage') } };
      const wrapped = await runInMessage(message, { ingress: { mode: 'accept', keys: ['lane'] } }, async () => lane('wrapped'));
      return createElement('main', {}, lane('page'), wrapped, createElement(Nested));
    }`,
  'app/at-build/page.js': `import { getActiveLane } from '@graylane/baggage';
    export default () => 'built in ' + getActiveLane() + '!';`,
  'app/plain/route.js': `import { getActiveLane } from '@graylane/baggage';
    import { baggageFetch } from '@graylane/baggage/fetch';
    export const dynamic = 'force-dynamic';
    export const GET = async () => {
      const send = baggageFetch({ egress: { to: { [process.env.ORDERS]: ['lane'] } } });
      const sent = await send(process.env.ORDERS, { cache: 'no-store' });
      return Response.json({ lane: getActiveLane(), sent: await sent.text() });
    };`,
};
const fees = {
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting: { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on'] },
};

await describeWith(next, 'an application of Next.js', () => {
  let flags: ServerProcess;
  let orders: Server;
  let port = 0;

  beforeAll(async () => {
    flags = await ServerProcess.start({ flags: { 'new-fees': fees } });
    orders = createServer((request, response) => response.end(request.headers['baggage'] ?? 'none'));
    await once(orders.listen(0, '127.0.0.1'), 'listening');
    port = await freePort();
    const shown = codeBlocks('docs/adapters/serverless.md').flatMap(({ info, code }) => {
      const name = /\[(.+)\]/.exec(info)?.[1];
      const real = code.replace('http://localhost:8080', flags.url).replace('listen(3000', `listen(${port}`);
      return name === undefined ? [] : [[name, real] as const];
    });
    await buildNextApplication({ ...Object.fromEntries(shown), ...further });
  });
  afterAll(async () => {
    orders?.close();
    await flags?.close();
  });

  const servers = ['server.js', 'next start'] as const;
  describe.each(servers)('that %s starts', (by) => {
    const isCustom = by === 'server.js';
    let application: Supervised;
    let origin = '';

    beforeAll(async () => {
      const env = { ORDERS: `http://127.0.0.1:${(orders.address() as AddressInfo).port}` };
      application = new Supervised('env', nextCommand(by, env));
      origin = `http://127.0.0.1:${port}`;
      if (!isCustom) origin = (await application.said(/http:\/\/127\.0\.0\.1:\d+/))[0];
      await vi.waitFor(() => fetch(origin), { timeout: 60_000 });
    });
    afterAll(() => application?.close());

    async function get(path: string, lane?: string): Promise<[body: string, lane: string | null]> {
      const response = await fetch(`${origin}${path}`, {
        headers: lane === undefined ? {} : { baggage: `lane=${lane}` },
      });
      return [await response.text(), response.headers.get('graylane-lane')];
    }

    test('runs a wrapped route handler in the lane, with its flags', async () => {
      expect(await get('/fee', 'gray')).toEqual(['{"fee":2}', isCustom ? 'gray' : null]);
      expect(await get('/fee')).toEqual(['{"fee":3}', isCustom ? 'baseline' : null]);
    });

    test(`runs any other route handler in ${isCustom ? 'the lane' : 'baseline'}`, async () => {
      const [body] = await get('/plain', 'gray');
      const seen = isCustom ? { lane: 'gray', sent: 'lane=gray' } : { lane: 'baseline', sent: 'none' };
      expect(JSON.parse(body)).toEqual(seen);
      expect(JSON.parse((await get('/plain'))[0])).toEqual({ lane: 'baseline', sent: 'none' });
    });

    test(`runs server components in ${isCustom ? 'the lane' : 'baseline'}`, async () => {
      const [page] = await get('/', 'gray');
      const lane = isCustom ? 'gray' : 'baseline';
      expect(page).toContain(`<p>page in ${lane}!</p><p>wrapped in gray!</p><p>nested in ${lane}!</p>`);
    });

    test('has what it rendered at build time from baseline', async () => {
      expect((await get('/at-build', 'gray'))[0]).toContain('built in baseline!');
    });
  });
});
