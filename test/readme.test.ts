import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const execute = promisify(execFile);
const readmes = readdirSync(`${root}packages`).map((name) => `packages/${name}/README.md`);

describe('the examples of the READMEs', () => {
  test.each(readmes)('%s has one to run', (readme) => {
    expect(examples(readme).length).toBeGreaterThan(0);
  });

  test.each(
    readmes.flatMap((readme) => examples(readme).map((code, index) => [readme, index + 1, code] as const)),
  )('%s, example %i, runs as written', async (_readme, _number, code) => {
    mkdirSync(`${root}.graylane`, { recursive: true });
    const folder = mkdtempSync(`${root}.graylane/readme-`);
    try {
      writeFileSync(`${folder}/example.ts`, code);
      writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
      const args = ['--conditions=@graylane/source', '--import', 'tsx', `${folder}/example.ts`];
      await execute(process.execPath, args, { cwd: root, timeout: 100_000 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The blocks marked exactly as ts; one that only shows a fragment is marked "ts no-run". */
function examples(readme: string): string[] {
  const text = readFileSync(`${root}${readme}`, 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
}
