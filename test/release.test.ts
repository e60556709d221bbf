import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('..', import.meta.url));
const execute = promisify(execFile);
const names = [...readdirSync(`${root}packages`), 'server'];

describe('the rehearsal of a release', () => {
  test('finds each public package ready, with its changelog and all files of its exports', async () => {
    // The scripts before packing copy files that other tests read meanwhile.
    const { stdout } = await rehearse('--ignore-scripts');
    for (const name of names)
      expect(stdout).toMatch(new RegExp(`^@graylane/${name}@\\d.*files, \\d+ kB$`, 'm'));
    expect(stdout).toContain(`release: ${names.length} packages are ready`);
  });

  test('names each fault of a package', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'graylane-release-'));
    try {
      const manifest = {
        name: '@graylane/broken',
        version: '1.0.0',
        license: 'MIT',
        files: ['src'],
        exports: { '.': './dist/index.js' },
        bin: { broken: 'bin/broken.js' },
        dependencies: { '@graylane/flags': '0.9.0' },
      };
      writeFileSync(`${folder}/package.json`, JSON.stringify(manifest));
      writeFileSync(`${folder}/README.md`, '# broken');
      const { stdout } = await rehearse('--ignore-scripts', folder).catch(
        (error: { stdout: string }) => error,
      );
      for (const fault of [
        'has the license "MIT" instead of "Apache-2.0"',
        'needs "publishConfig": { "access": "public" }',
        'needs "publishConfig": { "provenance": true }',
        'needs "repository.url"',
        'depends on @graylane/flags 0.9.0, but the release has 1.0.0',
        'the tarball lacks CHANGELOG.md',
        'the tarball lacks dist/index.js',
        'the tarball lacks bin/broken.js',
        'release: not ready',
      ]) {
        expect(stdout).toContain(fault);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('the workflow publishes with an identity for provenance, after tests and rehearsal', () => {
  const workflow = parse(readFileSync(`${root}.github/workflows/release.yml`, 'utf8')) as {
    readonly jobs: {
      readonly publish: {
        readonly permissions: Readonly<Record<string, string>>;
        readonly steps: readonly { readonly run?: string; readonly env?: Readonly<Record<string, string>> }[];
      };
    };
  };
  const { permissions, steps } = workflow.jobs.publish;
  expect(permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  const runs = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
  expect(runs.slice(-3)).toEqual([
    'npm test',
    'npm run release:rehearse',
    'npm run changeset -- publish --no-git-tag',
  ]);
  expect(steps.at(-1)?.env?.['NPM_CONFIG_PROVENANCE']).toBe('true');
});

test('no page or message suggests npx of a package that is not ours', () => {
  const { stdout } = spawnSync(
    'git',
    [
      'grep',
      '-nE',
      'npx (--?[a-z]+ )*(graylane|@?gray[a-z]*-)',
      '--',
      '*.md',
      '*.ts',
      '*.tsx',
      '*.js',
      '*.html',
    ],
    { cwd: root, encoding: 'utf8' },
  );
  expect(
    stdout.split('\n').filter((line) => line !== '' && !line.startsWith('test/release.test.ts')),
  ).toEqual([]);
});

async function rehearse(...args: readonly string[]): Promise<{ readonly stdout: string }> {
  return execute(process.execPath, [`${root}scripts/rehearse-release.js`, ...args], { cwd: root });
}
