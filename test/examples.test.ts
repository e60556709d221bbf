import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkFlags, compileFlags } from '@graylane/flags';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readWebhooks } from '../apps/server/src/webhooks/webhook.ts';
import { checkCommand } from './support/examples/commands.ts';
import { ambient, fragmentModule, preludes } from './support/examples/fragments.ts';
import { shellCommands } from './support/examples/shell.ts';
import { executed, runPages } from './support/examples/suites.ts';
import { codeBlocks } from './support/markdown.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const execute = promisify(execFile);

/** `info` is everything behind the fence, `language` its first word. */
interface Example {
  readonly page: string;
  readonly info: string;
  readonly language: string;
  readonly code: string;
}

const pages = execFileSync('git', ['ls-files', 'README.md', 'packages/*/README.md', 'docs/*.md'], {
  cwd: root,
})
  .toString()
  .trim()
  .split('\n')
  .filter((page) => !/^docs\/(?:decisions|benchmarks)\//.test(page));
const examples: readonly Example[] = pages.flatMap((page) =>
  codeBlocks(page).map(({ info, code }) => ({ page, info, language: /^\w+/.exec(info)?.[0] ?? '', code })),
);
const own = examples.filter((example) => !isExecutedElsewhere(example));

/** Languages whose blocks are checked here or executed by another suite. */
const checked = ['ts', 'js', 'json', 'sh', 'yaml'];
/** Not checked here: suites of their pages execute console, nginx and text; java illustrates. */
const others = ['console', 'java', 'nginx', 'text'];

test('every example is in a language that a test knows', () => {
  expect(examples.filter(({ language }) => ![...checked, ...others].includes(language))).toEqual([]);
  expect(checked.filter((language) => !own.some((example) => example.language === language))).toEqual([]);
});

test('every block of code is found', () => {
  for (const page of pages) {
    const fences = readFileSync(`${root}${page}`, 'utf8').match(/^\s*```+/gm) ?? [];
    const plain = readFileSync(`${root}${page}`, 'utf8').match(/^```\n(?:(?!```).*\n)*```$/gm) ?? [];
    expect([page, (fences.length - 2 * plain.length) / 2]).toEqual([page, codeBlocks(page).length]);
  }
});

test.each(executed)(
  '$suite executes the blocks of $page that match $info',
  ({ suite, page, info, count }) => {
    expect(readFileSync(`${root}${suite}`, 'utf8')).toContain(page);
    expect(examples.filter((example) => example.page === page && info.test(example.info))).toHaveLength(
      count,
    );
  },
);

test('each fragment has a prelude, and each prelude a fragment', () => {
  const counts = Object.fromEntries(pages.map((page) => [page, fragments(page).length]));
  for (const page of pages) expect([page, counts[page]]).toEqual([page, preludes[page]?.length ?? 0]);
  expect(Object.keys(preludes).filter((page) => !pages.includes(page))).toEqual([]);
});

test('fragments have the types of the packages', { timeout: 300_000 }, async () => {
  await inFolder(async (folder) => {
    for (const page of pages) {
      for (const [index, { code }] of fragments(page).entries()) {
        const file = `${page.replaceAll(/[/.]/g, '-')}-${index + 1}.ts`;
        writeFileSync(`${folder}/${file}`, fragmentModule(preludes[page]?.[index] ?? '', code));
      }
    }
    writeFileSync(`${folder}/ambient.d.ts`, ambient);
    writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
    const compilerOptions = {
      composite: false,
      declarationMap: false,
      isolatedDeclarations: false,
      lib: ['es2023', 'dom', 'dom.iterable'],
      noEmit: true,
      rootDir: '/',
    };
    const project = { extends: `${root}tsconfig.json`, compilerOptions, include: ['.'], references: [] };
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(project));
    const compiler = `${root}node_modules/typescript/bin/tsc`;
    const { stdout } = await execute(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
      cwd: folder,
    }).catch((error: unknown) => error as { stdout: string });
    expect(stdout).toBe('');
  });
});

test('the wrapped route handler of docs/adapters/serverless.md runs in its lane', async () => {
  const { code } = own.find(({ page, info }) => page === 'docs/adapters/serverless.md' && info === 'js') ?? {
    code: '',
  };
  const handler = '() => Response.json({ fee: 2 })';
  expect(code).toContain(handler);
  await inFolder(async (folder) => {
    const body = `import { getActiveLane } from '@graylane/baggage';
      ${code.replace(handler, '() => Response.json({ lane: getActiveLane() })')}
      const request = new Request('http://127.0.0.1/', { headers: { baggage: 'lane=gray' } });
      console.log(await (await GET(request)).text());`;
    writeFileSync(`${folder}/example.mjs`, body);
    const args = ['--conditions=@graylane/source', '--import', 'tsx', `${folder}/example.mjs`];
    const { stdout } = await execute(process.execPath, args, { cwd: root });
    expect(JSON.parse(stdout)).toEqual({ lane: 'gray' });
  });
});

test.each(own.filter(({ language }) => language === 'json'))(
  '$page: a block of JSON is valid',
  ({ code }) => {
    const document = JSON.parse(code) as Record<string, unknown>;
    if ('flags' in document) {
      expect(checkFlags(document)).toEqual([]);
      expect(compileFlags(document).warnings).toEqual([]);
    }
    if ('webhooks' in document) expect(readWebhooks(document)).not.toHaveProperty('problems');
  },
);

test.each(own.filter(({ language }) => language === 'yaml'))(
  '$page: a block of YAML is valid',
  ({ code }) => {
    for (const document of parseAllDocuments(code)) {
      expect([document.errors, document.warnings]).toEqual([[], []]);
      for (const line of runLines(document.toJS())) {
        for (const command of shellCommands(line.replaceAll(/\$\{\{.*?\}\}/g, 'VALUE')))
          checkCommand(command, {});
      }
    }
  },
);

const shellPages = [...new Set(own.filter(({ language }) => language === 'sh').map(({ page }) => page))];

test.each(shellPages)('%s: the commands exist, with their options', (page) => {
  const exported: Record<string, string> = {};
  for (const { code } of own.filter((example) => example.page === page && example.language === 'sh')) {
    execFileSync('bash', ['-n'], { input: code });
    for (const command of shellCommands(code)) checkCommand(command, exported);
  }
});

function isExecutedElsewhere({ page, info }: Example): boolean {
  if (info === 'ts' && runPages.includes(page)) return true;
  return executed.some((entry) => entry.page === page && entry.info.test(info));
}

/**
 * Parts of programs, and programs whose framework is not installed. Suites execute the two blocks
 * that are left out: this one the route handler, and compare.test.ts the client of Unleash.
 */
function fragments(page: string): readonly Example[] {
  return own.filter(
    (example) =>
      example.page === page &&
      ['ts', 'js'].includes(example.language) &&
      !(page === 'docs/adapters/serverless.md' && example.info === 'js') &&
      !(page === 'docs/compare/unleash.md' && example.code.includes('unleash-client')),
  );
}

/** The scripts of a workflow's steps. */
function runLines(document: unknown): string[] {
  const { jobs = {} } = document as { jobs?: Record<string, { steps: ReadonlyArray<{ run?: string }> }> };
  return Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  mkdirSync(`${root}.graylane`, { recursive: true });
  const folder = mkdtempSync(`${root}.graylane/examples-`);
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
