import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly '@graylane/source'?: string }>>;
}

/** The import paths of the libraries, each with the file of its source. */
const entries = readdirSync(`${root}packages`).flatMap((name) => {
  const folder = `${root}packages/${name}`;
  const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Manifest;
  return Object.entries(manifest.exports).flatMap(([path, target]) => {
    const source = typeof target === 'string' ? undefined : target['@graylane/source'];
    return source === undefined ? [] : [[`${manifest.name}${path.slice(1)}`, join(folder, source)] as const];
  });
});

describe('the exports of the libraries', () => {
  test('are many', () => {
    expect(entries.length).toBeGreaterThan(15);
    expect(entries.flatMap(([, file]) => exportsOf(file)).length).toBeGreaterThan(150);
  });

  test.each(entries)('each export of %s has a docstring', (_path, file) => {
    expect(exportsOf(file).filter((one) => !isDocumented(one))).toEqual([]);
  });

  test('an export without a docstring is found', () => {
    expect(hasDocstring('/** The price. */\nexport interface Price {}', 'Price')).toBe(true);
    expect(
      hasDocstring('/** The price. */\nexport interface Cost {}\nexport interface Price {}', 'Price'),
    ).toBe(false);
    expect(hasDocstring('// The price.\nexport const price = 2;', 'price')).toBe(false);
  });
});

interface Export {
  readonly name: string;
  readonly file: string;
}

/** What a module exports, each with the module that declares it. */
function exportsOf(file: string): Export[] {
  const text = readFileSync(file, 'utf8');
  const here = [...text.matchAll(declaration('(\\w+)', 'export '))].map(([, name = '']) => ({ name, file }));
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}(?: from '(\.[^']+)')?;/gm)];
  const listed = lists.flatMap(([, list = '', from]) =>
    list
      .split(',')
      .map(
        (item) =>
          item
            .trim()
            .replace(/^type /, '')
            .split(' as ')[0] ?? '',
      )
      .filter((name) => name !== '')
      .map((name) => declared(name, from === undefined ? file : join(dirname(file), from))),
  );
  return [...here, ...listed];
}

/** Follows an export to the module that declares it. */
function declared(name: string, file: string): Export {
  const text = readFileSync(file, 'utf8');
  if (declaration(name).test(text)) return { name, file };
  const next = exportsOf(file).find((one) => one.name === name && one.file !== file);
  return next ?? { name, file };
}

function isDocumented({ name, file }: Export): boolean {
  return existsSync(file) && hasDocstring(readFileSync(file, 'utf8'), name);
}

/** Whether the first declaration of a name follows a docstring at once. */
function hasDocstring(text: string, name: string): boolean {
  const { index } = declaration(name).exec(text) ?? {};
  if (index === undefined) return false;
  return /(?:^|\n)\/\*\*(?:(?!\*\/).)*\*\/\s*$/s.test(text.slice(0, index));
}

function declaration(name: string, prefix = '(?:export )?'): RegExp {
  return new RegExp(
    `^${prefix}(?:declare )?(?:abstract )?(?:async )?(?:function\\*?|class|interface|type|const|let|enum) ${name}\\b`,
    'gm',
  );
}
