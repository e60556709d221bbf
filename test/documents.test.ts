import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { runInLane } from '@graylane/baggage';
import { compileFlags, evaluate } from '@graylane/flags';
import { getSyncClient, GraylaneProvider } from '@graylane/provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from './components/components.ts';
import { prometheus, promtool } from './components/services/prometheus.ts';
import { codeBlocks } from './support/markdown.ts';
import { ServerProcess } from './support/server-process.ts';

/** The block of a page that is in this language and has these words. */
function block(page: string, language: string, words: string): string {
  const found = codeBlocks(page).filter(({ info, code }) => info === language && code.includes(words));
  expect(found).toHaveLength(1);
  return found[0]?.code ?? '';
}

describe('the rule of docs/evaluation.md', () => {
  const flags = compileFlags(block('docs/evaluation.md', 'json', 'new-fees'));

  test('is on in the lane gray, and for 5 % of all other users', () => {
    const isOn = (context: Record<string, string>): boolean =>
      evaluate(flags, 'new-fees', context).value === true;
    const users = Array.from({ length: 10_000 }, (_, index) => `user-${index}`);
    expect(users.every((targetingKey) => isOn({ lane: 'gray', targetingKey }))).toBe(true);
    const share = users.filter((targetingKey) => isOn({ targetingKey })).length / users.length;
    expect(share).toBeCloseTo(0.05, 1.5);
  });
});

test('the flag of docs/pins.md is decided once a request', async () => {
  const document = JSON.parse(block('docs/pins.md', 'json', 'new-fees')) as object;
  await OpenFeature.setProviderAndWait('pins', new GraylaneProvider({ source: { flags: document } }));
  try {
    const client = getSyncClient('pins');
    const read = (): string | undefined => client.getBooleanDetailsSync('new-fees', true).reason;
    expect(runInLane('gray', () => [read(), read()])).toEqual(['STATIC', 'CACHED']);
  } finally {
    await OpenFeature.close();
  }
});

describe('a flag server', () => {
  const fees = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
  let server: ServerProcess;
  let folder = '';

  beforeAll(async () => {
    folder = mkdtempSync(`${tmpdir()}/graylane-documents-`);
    writeFileSync(`${folder}/webhooks.json`, block('docs/operating.md', 'json', 'webhooks'));
    server = await ServerProcess.start({ flags: { fees } });
  }, 120_000);
  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  async function send(method: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    return fetch(`${server.url}/api/v1/environments/default/flags/fees`, {
      method,
      headers: { 'if-match': '*', 'content-type': type, ...headers },
      body: JSON.stringify(body),
    });
  }

  test('refuses an invalid change with the response of docs/flag-server.md', async () => {
    const response = await send('PATCH', { defaultVariant: 'blue' });
    const shown = JSON.parse(block('docs/flag-server.md', 'json', 'problems')) as object;
    expect(await response.json()).toEqual(shown);
  });

  test('keeps a change as docs/flag-server.md and docs/operating.md show it', async () => {
    const response = await send(
      'PATCH',
      { defaultVariant: 'on' },
      { 'graylane-reason': 'payday', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    );
    const revision = response.headers.get('graylane-revision');
    const shown = JSON.parse(block('docs/flag-server.md', 'json', 'diff')) as object;
    const history = await fetch(`${server.url}/api/v1/environments/default/history/${revision}`);
    expect(await history.json()).toMatchObject({ ...shown, revision, at: expect.any(String) as string });

    const log = JSON.parse(block('docs/operating.md', 'json', '"trace_id"')) as object;
    await expect.poll(() => server.output).toContain('payday');
    const line = server.output.split('\n').find((one) => one.includes('payday')) ?? '';
    expect(JSON.parse(line)).toEqual({
      ...log,
      author: 'anonymous',
      revision,
      time: expect.any(String) as string,
    });
  });

  test('takes the webhooks of docs/operating.md', async () => {
    const other = await ServerProcess.start(
      { flags: { fees } },
      { options: ['--webhooks', `${folder}/webhooks.json`] },
    );
    await other.stop('SIGTERM');
    expect(other.output).not.toMatch(/"level":"(?:warn|error)"/);
    await other.close();
  });
});

await describeWith(prometheus, 'Prometheus', () => {
  test('takes the configuration of docs/operating.md', () => {
    const folder = mkdtempSync(`${tmpdir()}/graylane-documents-`);
    writeFileSync(
      `${folder}/prometheus.yml`,
      block('docs/operating.md', 'yaml [prometheus.yml]', 'scrape_configs'),
    );
    writeFileSync(`${folder}/graylane-server.rules.yaml`, 'groups: []');
    const complaint = promtool(['check', 'config', `${folder}/prometheus.yml`]);
    rmSync(folder, { recursive: true });
    expect(complaint).toBe('');
  });
});
