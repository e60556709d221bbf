import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { compared, comparedFolder } from './components/compared/compared.ts';
import { describeWith } from './components/components.ts';
import { codeBlocks } from './support/markdown.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const execute = promisify(execFile);

/** The rule of LaunchDarkly's example, as the data of its SDK for tests. */
function testData(attribute: string, value: string): string {
  return `
    const { TestData } = await import('@launchdarkly/node-server-sdk/integrations');
    const data = new TestData();
    const flag = data.flag('new-fees').booleanFlag().fallthroughVariation(false);
    data.update(flag.ifMatch('user', '${attribute}', '${value}').thenReturn(true));
    const options = { updateProcessor: data.getFactory(), sendEvents: false, diagnosticOptOut: true };
    const sdkKey = 'sdk-key';`;
}

await describeWith(compared, 'the examples of the comparisons', () => {
  test("Unleash's client sees the flag on for the tenant alone", async () => {
    const [example = ''] = fragments('docs/compare/unleash.md');
    const body = `
      const { createServer } = await import('node:http');
      const { InMemStorageProvider } = await import('unleash-client');
      const constraints = [{ contextName: 'tenant', operator: 'IN', values: ['internal'] }];
      const strategies = [{ name: 'default', parameters: {}, constraints }];
      const features = [{ name: 'new-fees', enabled: true, strategies }];
      const server = createServer((_request, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ version: 2, features, segments: [] }));
      });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = \`http://127.0.0.1:\${server.address().port}/api\`;
      const [token, userId, seen] = ['token', 'ada', []];
      const storageProvider = new InMemStorageProvider();
      for (const tenant of ['internal', 'acme']) {
        ${run(example, 'seen.push(', ');').replace('url, appName', 'url, storageProvider, disableMetrics: true, appName')}
      }
      console.log(JSON.stringify(seen));
      process.exit(0);`;
    expect(await output(importsOf(example), body)).toBe('[true,false]');
  });

  test("LaunchDarkly's client sees the flag on for the tenant alone", async () => {
    const [example = ''] = fragments('docs/compare/launchdarkly.md');
    const body = `${testData('tenant', 'internal')}
      const [userId, seen] = ['ada', []];
      for (const tenant of ['internal', 'acme']) {
        ${run(example, 'seen.push(', ');').replace('init(sdkKey)', 'init(sdkKey, options)')}
      }
      console.log(JSON.stringify(seen));
      process.exit(0);`;
    expect(await output(importsOf(example), body)).toBe('[true,false]');
  });

  test("flags of LaunchDarkly's provider obey the lane", async () => {
    const [, example = ''] = fragments('docs/compare/launchdarkly.md');
    const body = `${testData('lane', 'gray')}
      const { runInLane } = await import('@graylane/baggage');
      const seen = [];
      for (const lane of ['gray', 'baseline']) {
        await runInLane(lane, async () => {
          ${run(example, 'seen.push(', ');').replace('Provider(sdkKey)', 'Provider(sdkKey, options)')}
        }, { members: { 'user-id': 'ada' } });
      }
      console.log(JSON.stringify(seen));
      process.exit(0);`;
    expect(await output(importsOf(example), body)).toBe('[true,false]');
  });
});

function fragments(page: string): string[] {
  return codeBlocks(page).flatMap(({ info, code }) => (info === 'js' ? [code] : []));
}

function importsOf(example: string): string {
  return (example.match(/^import .*$/gm) ?? []).join('\n');
}

/** The example without its imports; its last statement is an expression whose value is used. */
function run(example: string, before: string, after: string): string {
  const statements = example
    .replaceAll(/^import .*$/gm, '')
    .trim()
    .split('\n');
  const last = statements.pop() ?? '';
  return [...statements, `${before}${last.replace(/;$/, '')}${after}`].join('\n');
}

async function output(imports: string, body: string): Promise<string> {
  const folder = mkdtempSync(`${comparedFolder}/example-`);
  try {
    writeFileSync(`${folder}/example.mjs`, `${imports}\n${body}\n`);
    const args = ['--conditions=@graylane/source', '--import', 'tsx', `${folder}/example.mjs`];
    const { stdout } = await execute(process.execPath, args, { cwd: root, timeout: 100_000 });
    return stdout.trim().split('\n').at(-1) ?? '';
  } finally {
    rmSync(folder, { recursive: true });
  }
}
