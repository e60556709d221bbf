import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Which of our packages each one may import; arrows point down only. */
const arrows: Record<string, readonly string[]> = {
  'packages/flags': [],
  'packages/baggage': [],
  'packages/source': ['@graylane/flags'],
  'packages/provider': ['@graylane/flags', '@graylane/baggage', '@graylane/source'],
  'packages/telemetry': ['@graylane/baggage'],
  'packages/slis': [],
  'apps/server': ['@graylane/flags', '@graylane/source'],
  'apps/demo': ['@graylane/baggage', '@graylane/provider', '@graylane/server'],
};

/** Packages that must run anywhere: no Node built-ins, no dependencies at run time. */
const pure = ['packages/flags'];

const folders = ['packages', 'apps'].flatMap((folder) =>
  readdirSync(`${root}${folder}`).map((name) => `${folder}/${name}`),
);

describe('the layers', () => {
  test('are drawn for every package', () => {
    expect(folders.toSorted()).toEqual(Object.keys(arrows).toSorted());
  });

  test.each(folders)('%s imports only what lies below it', (folder) => {
    const ours = imports(folder).filter((name) => name.startsWith('@graylane/'));
    expect(ours.filter((name) => !arrows[folder]?.includes(packageOf(name)))).toEqual([]);
  });

  test.each(folders)('%s declares every package that it imports', (folder) => {
    const manifest = JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8')) as Manifest;
    const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
    const foreign = imports(folder).filter((name) => !name.startsWith('.') && !name.startsWith('node:'));
    expect(foreign.filter((name) => !(packageOf(name) in declared))).toEqual([]);
  });

  test.each(pure)('%s is pure: it imports nothing but itself', (folder) => {
    expect(imports(folder).filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  test('no file reaches into another package by a relative path', () => {
    const escaping = folders.flatMap((folder) =>
      sources(`${folder}/src`).filter((file) => {
        const depth = file.slice(`${folder}/`.length).split('/').length - 1;
        return specifiers(file).some((name) => name.startsWith('../'.repeat(depth)));
      }),
    );
    expect(escaping).toEqual([]);
  });
});

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

function imports(folder: string): string[] {
  return sources(`${folder}/src`).flatMap(specifiers);
}

function sources(folder: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/${file}`);
}

function specifiers(file: string): string[] {
  const text = readFileSync(`${root}${file}`, 'utf8');
  const pattern =
    /^\s*(?:import|export)\b[^;]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function packageOf(name: string): string {
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/');
}
