import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { request } from '../../apps/server/test/rollouts/rollout-requests.ts';
import { serveFolder, type Served } from '../../apps/server/test/support/serve.ts';
import { bearer, tokenIn } from '../../apps/server/test/support/with-tokens.ts';
import { eventually } from '../support/shop.ts';
import { sendTrace } from '../support/otlp-spans.ts';
import { ReportingService } from '../support/otlp-durations.ts';

/** A screen, and how its content is known to be there. */
export interface ShownScreen {
  readonly name: string;
  readonly path: string;
  /** Words of the content, not of a placeholder. */
  readonly shows: RegExp;
  /** Puts the screen into the state that is shown. */
  readonly prepare?: (page: Page) => Promise<void>;
}

interface ShowcaseParts {
  readonly served: Served;
  readonly folder: string;
  readonly token: string;
  /** The change streams of its clients. */
  readonly streams: AbortController;
  readonly screens: readonly ShownScreen[];
}

/**
 * A server with flags, history, tokens and a rollout, for pictures and for checks of every screen.
 */
export class Showcase {
  readonly served: Served;
  readonly screens: readonly ShownScreen[];
  readonly #folder: string;
  readonly #streams: AbortController;
  /** The token of an administrator. */
  readonly token: string;

  static async start(): Promise<Showcase> {
    const folder = mkdtempSync(`${tmpdir()}/graylane-showcase-`);
    const tokens = `${folder}/tokens.json`;
    const ada = await tokenIn(tokens, { name: 'ada', scope: 'admin' });
    const wang = await tokenIn(tokens, { name: 'wang', scope: 'write', expiresInDays: 90 });
    await tokenIn(tokens, { name: 'orders', scope: 'definitions', environment: 'production' });
    const served = await serveFolder({ flags: {} }, { tokens });
    const streams = new AbortController();
    const rollout = await seed(served.url, ada, wang, streams.signal);
    return new Showcase({ served, folder, token: ada, streams, screens: screensOf(rollout) });
  }

  private constructor({ served, folder, token, streams, screens }: ShowcaseParts) {
    this.served = served;
    this.#folder = folder;
    this.#streams = streams;
    this.token = token;
    this.screens = screens;
  }

  /** Signs the pages of a context in. */
  async signIn(context: BrowserContext): Promise<void> {
    const script = `sessionStorage.setItem('graylane-token', ${JSON.stringify(this.token)})`;
    await context.addInitScript({ content: `if (!sessionStorage.getItem('graylane-token')) ${script}` });
  }

  /** Opens a screen, and waits for its content. */
  async show(page: Page, { path, shows, prepare }: ShownScreen): Promise<void> {
    await page.goto(`${this.served.url}${path}`);
    await page.locator('main').getByText(shows).first().waitFor();
    await prepare?.(page);
  }

  async close(): Promise<void> {
    this.#streams.abort();
    await this.served.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function screensOf(rollout: string): ShownScreen[] {
  const e = '/e/production';
  return [
    { name: 'lanes', path: `${e}/lanes`, shows: /payments \d/ },
    {
      name: 'map',
      path: `${e}/map`,
      shows: /newest/,
      prepare: async (page) => page.locator('details summary').first().click(),
    },
    { name: 'clients', path: `${e}/clients`, shows: /4 of 4 clients/ },
    {
      name: 'kill',
      path: `${e}/lanes`,
      shows: /payments \d/,
      prepare: async (page) => {
        await page.keyboard.press('k');
        await page.getByText(/It touches/).waitFor();
      },
    },
    { name: 'flags', path: `${e}/flags`, shows: /receipt-redesign/ },
    {
      name: 'flag',
      path: `${e}/flags/payment-new-fee-calculation`,
      shows: /Row 1/,
      prepare: async (page) => {
        await page.getByLabel('Evaluation contexts').fill(contexts);
        await page.getByLabel('Value, row 1, test 2').fill('cn-shenzhen');
        await page.getByLabel('Reason').fill('only Shenzhen is certified');
        await page
          .getByText(/change/)
          .first()
          .waitFor();
      },
    },
    { name: 'flag-json', path: `${e}/flags/receipt-redesign?as=json`, shows: /fractional/ },
    {
      name: 'history',
      path: `${e}/history`,
      shows: /only Shenzhen/,
      prepare: async (page) => page.getByRole('button', { name: 'difference' }).first().click(),
    },
    {
      name: 'rollout',
      path: `${e}/rollouts/${rollout}`,
      shows: /What happened/,
      prepare: async (page) => page.getByRole('img', { name: /Evidence by look/ }).waitFor(),
    },
    { name: 'rollouts', path: `${e}/rollouts`, shows: /step \d of|A\/A/ },
    { name: 'start', path: `${e}/rollouts?start`, shows: /A\/A looks/ },
    { name: 'environments', path: '/environments', shows: /in order/ },
    { name: 'tokens', path: '/tokens', shows: /wang/ },
    { name: 'audit', path: '/audit', shows: /only Shenzhen/ },
  ];
}

const contexts = ['ada', 'bo', 'chen', 'dai', 'eve', 'fan']
  .map((targetingKey, index) =>
    JSON.stringify({
      targetingKey,
      lane: index % 3 === 2 ? 'baseline' : 'gray',
      region: index % 2 === 0 ? 'cn-shenzhen' : 'cn-beijing',
    }),
  )
  .join('\n');

/** Writes flags with a history, and starts a rollout that has looked for a while. */
async function seed(url: string, ada: string, wang: string, signal: AbortSignal): Promise<string> {
  const demo = fileURLToPath(new URL('../../apps/demo/flags.json', import.meta.url));
  const { flags } = JSON.parse(readFileSync(demo, 'utf8')) as {
    flags: Record<string, Record<string, unknown>>;
  };
  const send = async (
    token: string,
    method: string,
    path: string,
    body: unknown,
    reason: string,
    match?: string,
  ) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        ...bearer(token),
        'content-type': 'application/json',
        'graylane-reason': encodeURIComponent(reason),
        ...(match === undefined ? { 'if-none-match': '*' } : { 'if-match': match }),
      },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const production = '/environments/production';
  await send(ada, 'PUT', '/environments/staging', { flags }, 'staging');
  const { 'payment-new-fee-calculation': fees, ...others } = flags;
  await send(ada, 'PUT', production, { flags: others }, 'the shop moves in');
  const before = { ...fees, targeting: { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on'] } };
  const path = `${production}/flags/payment-new-fee-calculation`;
  const created = await send(wang, 'PUT', path, before, 'version B of the fees, for gray');
  const regions = { in: [{ var: 'region' }, ['cn-shenzhen', 'cn-beijing']] };
  const both = {
    ...fees,
    targeting: { if: [{ and: [{ '==': [{ var: 'lane' }, 'gray'] }, regions] }, 'on'] },
  };
  await send(
    wang,
    'PUT',
    path,
    both,
    'only Shenzhen and Beijing are certified',
    created.headers.get('etag') ?? '',
  );

  const { guard } = request;
  const slis = [...guard.slis, { ...guard.slis[0], name: 'payments errors', kind: 'errors', bad }];
  const started = await send(
    wang,
    'POST',
    `${production}/rollouts`,
    {
      ...request,
      steps: [{ weight: 5 }, { weight: 25 }, { weight: 50 }],
      guard: { slis, lookSeconds: 1, minRequests: 20 },
    },
    'fees v2',
  );
  const { id } = (await started.json()) as { id: string };
  await traffic(url, { ...bearer(ada), 'graylane-environment': 'production' });
  const payments = new ReportingService(url, 'payments', {
    ...bearer(ada),
    'graylane-environment': 'production',
  });
  await eventually(async () => {
    await payments.report([
      { lane: 'baseline', requests: 500, median: 0.05 },
      { lane: 'gray', requests: 60, median: 0.05 },
      { lane: 'gray-control', requests: 60, median: 0.05 },
    ]);
    const response = await fetch(`${url}/api/v1${production}/rollouts/${id}`, { headers: bearer(ada) });
    const { looks } = (await response.json()) as { looks: number };
    if (looks < 8) throw new Error(`the guard has looked ${looks} times`);
  }, 60_000);
  for (const service of ['gateway', 'orders', 'payments', 'ledger']) {
    const { headers } = await fetch(`${url}/api/v1${production}`, { headers: bearer(ada) });
    const report = { service, instance: `${service}-1`, revision: headers.get('graylane-revision') };
    const name = { 'graylane-service': service, 'graylane-instance': report.instance };
    // It is connected as long as its stream is open.
    const options = { headers: { ...bearer(ada), ...name }, signal };
    const { body } = await fetch(`${url}/api/v1${production}/stream`, options);
    body?.pipeTo(new WritableStream()).catch(() => undefined);
    await fetch(`${url}/api/v1${production}/clients`, {
      method: 'POST',
      headers: { ...bearer(ada), 'content-type': 'application/json' },
      body: JSON.stringify(report),
    });
  }
  return id;
}

/** Requests of three lanes through four services; one service loses the dye of some. */
async function traffic(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  for (const name of ['gateway', 'orders']) {
    const service = new ReportingService(url, name, headers);
    const none = { requests: 0, median: 0.04 };
    // The first counts are where a counter begins.
    await service.report(['gray', 'gray-control', 'baseline'].map((lane) => ({ ...none, lane })));
    await service.report([
      { lane: 'gray', requests: 120, median: 0.045, failing: 0.01 },
      { lane: 'gray-control', requests: 120, median: 0.04 },
      { lane: 'baseline', requests: 2100, median: 0.04, failing: 0.003 },
    ]);
  }
  for (let index = 0; index < 60; index += 1) {
    const lane = index % 10 === 0 ? 'gray' : 'baseline';
    const lost = index === 50 ? 'baseline' : lane;
    await sendTrace(
      url,
      [
        { service: 'gateway', name: 'GET /checkout', kind: 'server', lane, attributes: http },
        { service: 'gateway', name: 'POST', kind: 'client', lane, attributes: http },
        { service: 'orders', name: 'POST /orders', kind: 'server', lane, attributes: http },
        { service: 'orders', name: 'charge', kind: 'client', lane, attributes: { 'rpc.system': 'grpc' } },
        { service: 'payments', name: 'charge', kind: 'server', lane, attributes: { 'rpc.system': 'grpc' } },
        { service: 'payments', name: 'send payments', kind: 'producer', lane, attributes: kafka },
        { service: 'ledger', name: 'process payments', kind: 'consumer', lane: lost, attributes: kafka },
      ],
      headers,
    );
  }
}

const http = { 'http.request.method': 'POST' };
const kafka = { 'messaging.system': 'kafka', 'messaging.destination.name': 'payments' };
const bad = { 'http.response.status_code': '5..' };
