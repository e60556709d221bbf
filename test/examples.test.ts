import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkFlags, compileFlags } from '@graylane/flags';
import { expect, test } from 'vitest';
import { readWebhooks } from '../apps/server/src/webhooks/webhook.ts';
import { checkCommand } from './support/examples/commands.ts';
import {
  commandPages,
  notExecuted,
  notExecutedBlocks,
  type NotExecutedBlock,
} from './support/examples/command-pages.ts';
import { commandsOf, isListed, isRunElsewhere, matches } from './support/examples/documented-commands.ts';
import { fragmentModule, served, surroundings } from './support/examples/fragments.ts';
import { shellCommands } from './support/examples/shell.ts';
import { executed, runPages } from './support/examples/suites.ts';
import { codeBlocks } from './support/markdown.ts';
import { ServerProcess } from './support/server-process.ts';
import { freePort } from './support/supervised.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const execute = promisify(execFile);

/** `info` is everything behind the fence, `language` its first word. */
interface Example {
  readonly page: string;
  readonly info: string;
  readonly language: string;
  readonly code: string;
}

const pages = execFileSync(
  'git',
  ['ls-files', 'README.md', 'apps/*/README.md', 'packages/*/README.md', 'docs/*.md'],
  {
    cwd: root,
  },
)
  .toString()
  .trim()
  .split('\n')
  .filter((page) => !/^docs\/(?:decisions|benchmarks)\//.test(page));
const examples: readonly Example[] = pages.flatMap((page) =>
  codeBlocks(page).map(({ info, code }) => ({ page, info, language: /^\w+/.exec(info)?.[0] ?? '', code })),
);
const programs = examples.filter(({ page, info }) => info === 'ts' && runPages.includes(page));
const own = examples.filter((example) => !isExecutedElsewhere(example));

test('every example is executed, or is listed with its reason', () => {
  const isListedBlock = (example: Example): boolean =>
    notExecutedBlocks.some((entry) => isBlock(entry, example));
  expect(own.filter((example) => !isExecutedHere(example) && !isListedBlock(example))).toEqual([]);
});

test('the lists of what is not executed have no entry too many', () => {
  const commands = pages.flatMap((page) => commandsOf(page).map((command) => [page, command] as const));
  const listed = (entry: (typeof notExecuted)[number]): boolean =>
    commands.some(([page, command]) => matches(entry, page, command));
  expect(notExecuted.filter((entry) => !listed(entry))).toEqual([]);
  expect(notExecutedBlocks.filter((entry) => !own.some((example) => isBlock(entry, example)))).toEqual([]);
  expect([...notExecuted, ...notExecutedBlocks].filter(({ reason }) => reason.length < 20)).toEqual([]);
  expect(commandPages.filter(({ page }) => commandsOf(page).length === 0)).toEqual([]);
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

test('each fragment has surroundings, and none are left over', () => {
  const counts = Object.fromEntries(pages.map((page) => [page, fragments(page).length]));
  for (const page of pages) expect([page, counts[page]]).toEqual([page, surroundings[page]?.length ?? 0]);
  expect(Object.keys(surroundings).filter((page) => !pages.includes(page))).toEqual([]);
});

test('examples have the types of the packages, and fragments run', { timeout: 300_000 }, async () => {
  const orders = createServer((request, response) => response.end(request.headers['baggage'] ?? ''));
  orders.listen(0, '127.0.0.1');
  await once(orders, 'listening');
  const flags = await ServerProcess.start(served);
  const hosts: ReadonlyArray<readonly [written: string, real: string]> = [
    ['orders:8080', `127.0.0.1:${(orders.address() as AddressInfo).port}`],
    ['payments:50051', `127.0.0.1:${await freePort()}`],
    ['localhost:8080', `127.0.0.1:${flags.port}`],
    ['listen(3000', 'listen(0'],
  ];
  await inFolder(async (folder) => {
    const calls: string[] = [];
    for (const page of pages) {
      for (const [index, example] of fragments(page).entries()) {
        const file = `${page.replaceAll(/[/.]/g, '-')}-${index + 1}.ts`;
        const around = surroundings[page]?.[index] ?? { before: '', after: '' };
        const code = fragmentModule({ after: '', ...around }, example.code);
        const real = hosts.reduce((all, [written, host]) => all.replaceAll(written, host), code);
        writeFileSync(`${folder}/${file}`, real);
        if ('suite' in around) expect(readFileSync(`${root}${around.suite}`, 'utf8')).toContain(page);
        else if (!notExecutedBlocks.some((entry) => isBlock(entry, example)))
          calls.push(`console.log('${file}'); await (await import('./${file}')).example();`);
      }
    }
    // Whole programs run elsewhere; their types are checked here.
    for (const [index, { page, code }] of programs.entries()) {
      writeFileSync(`${folder}/program-${index + 1}-${page.replaceAll(/[/.]/g, '-')}.ts`, code);
    }
    writeFileSync(`${folder}/run.mjs`, [...calls, "console.log('all ran');", 'process.exit(0);'].join('\n'));
    writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(fragmentProject));
    const compiler = `${root}node_modules/typescript/bin/tsc`;
    expect(await outputOf([compiler, '-p', folder, '--pretty', 'false'], folder)).toBe('');
    const run = ['--conditions=@graylane/source', '--import', 'tsx', `${folder}/run.mjs`];
    expect(await outputOf(run, root)).toMatch(/^all ran$/m);
  });
  await flags.close();
  orders.close();
});

test.each(examples.filter(({ language }) => language === 'json'))(
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

test.each(pages)('%s: the commands that are not executed exist, with their options', (page) => {
  const exported: Record<string, string> = {};
  for (const command of commandsOf(page)) {
    const isExport = command.words[0] === 'export';
    if (isExport || isListed(page, command)) checkCommand(command, exported);
  }
});

test.each(own.filter(({ language }) => language === 'sh'))('$page: the shell reads a block', ({ code }) => {
  execFileSync('bash', ['-n'], { input: code });
});

function isExecutedElsewhere({ page, info }: Example): boolean {
  if (programs.some((program) => program.page === page && program.info === info)) return true;
  return executed.some((entry) => entry.page === page && entry.info.test(info));
}

/** Parts of programs, but for the client of Unleash, which compare.test.ts executes. */
function fragments(page: string): readonly Example[] {
  return own.filter(
    (example) =>
      example.page === page &&
      ['ts', 'js'].includes(example.language) &&
      !(page === 'docs/compare/unleash.md' && example.code.includes('unleash-client')),
  );
}

/** Fragments run here; commands.test.ts runs the commands of shell blocks and workflows. */
function isExecutedHere(example: Example): boolean {
  const { page, language, code } = example;
  if (['ts', 'js'].includes(language)) return !notExecutedBlocks.some((entry) => isBlock(entry, example));
  if (!['sh', 'yaml'].includes(language)) return false;
  if (commandPages.some((one) => one.page === page)) return true;
  const commands = shellCommands(code);
  return commands.every((command) => isListed(page, command) || isRunElsewhere(page, command));
}

function isBlock(entry: NotExecutedBlock, { page, code }: Example): boolean {
  return entry.page === page && code.includes(entry.code);
}

const fragmentProject = {
  extends: `${root}tsconfig.json`,
  compilerOptions: {
    composite: false,
    declarationMap: false,
    isolatedDeclarations: false,
    lib: ['es2023', 'dom', 'dom.iterable'],
    noEmit: true,
    rootDir: '/',
  },
  include: ['*.ts'],
  references: [],
};

/** The output of a program of Node, and its errors. It may end with one. */
async function outputOf(args: readonly string[], folder: string): Promise<string> {
  const { stdout, stderr } = await execute(process.execPath, args, { cwd: folder }).catch(
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  return `${stdout}${stderr}`;
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
