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

describe('the members of exported types', () => {
  const members = unique(entries.flatMap(([, file]) => exportsOf(file))).flatMap((one) => membersOf(one));
  const names = (found: readonly Member[]): string[] => found.map(({ type, name }) => `${type}.${name}`);

  test('are many', () => {
    expect(members.length).toBeGreaterThan(350);
    expect(members.filter((member) => unit.test(member.name)).length).toBeGreaterThan(10);
  });

  test('have a docstring if they are numbers or optional, or belong to the guard', () => {
    const needed = members.filter(({ file, line }) => line.isOptional || line.isNumber || isOfGuard(file));
    expect(names(needed.filter(({ doc, line }) => doc === '' && !line.isTag))).toEqual([]);
  });

  test('state a unit or a limit if their name has one', () => {
    const measured = members.filter(({ name, line }) => unit.test(name) && line.isNumber);
    const stated =
      /\d|\bms\b|milliseconds?|seconds?|bytes?|percent|share|characters|at most|at least|limit|longest|Infinity/i;
    expect(names(measured.filter(({ doc }) => !stated.test(doc)))).toEqual([]);
  });

  test('are read from the source', () => {
    const text = `export interface Price {\n  /** In cents. */\n  readonly cents: number;\n  readonly tax?: string;\n}`;
    expect(membersIn('Price', 'price.ts', text).map(({ name, doc }) => [name, doc])).toEqual([
      ['cents', '/** In cents. */'],
      ['tax', ''],
    ]);
  });
});

describe('exported functions that throw', () => {
  const functions = unique(entries.flatMap(([, file]) => exportsOf(file))).flatMap(({ name, file }) => {
    const declaring = new RegExp(
      `((?:/\\*\\*(?:(?!\\*/)[^])*\\*/)?)\\nexport (?:async )?function ${name}\\b[^]*?\\n}\\n`,
    );
    const [body = '', doc = ''] = declaring.exec(readFileSync(file, 'utf8')) ?? [];
    return body.includes('throw new') ? [{ name, doc }] : [];
  });

  test('state it in their docstring', () => {
    expect(functions.length).toBeGreaterThan(2);
    expect(functions.filter(({ doc }) => !/@throws|throws/i.test(doc))).toEqual([]);
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

interface Member {
  readonly file: string;
  readonly type: string;
  readonly name: string;
  readonly doc: string;
  /** `isTag`: the type is one literal, e.g. `kind: 'ratio'`, which tells union members apart. */
  readonly line: { readonly isOptional: boolean; readonly isNumber: boolean; readonly isTag: boolean };
}

const unit = /(?:Ms|Seconds|Bytes)$|^max[A-Z]|[lL]imit$/;

function isOfGuard(file: string): boolean {
  return file.startsWith(`${root}packages/rollout/`);
}

function unique(all: readonly Export[]): Export[] {
  return [...new Map(all.map((one) => [`${one.file} ${one.name}`, one])).values()];
}

function membersOf({ name, file }: Export): Member[] {
  return existsSync(file) ? membersIn(name, file, readFileSync(file, 'utf8')) : [];
}

/** The members of a type or a class that is written with braces; those of nested types are not. */
function membersIn(type: string, file: string, text: string): Member[] {
  const declaring = new RegExp(
    `^export (?:abstract )?(?:interface|class|type) ${type}\\b[^;]*?\\{\\n(.*?)^\\}`,
    'ms',
  );
  const lines = (declaring.exec(text)?.[1] ?? '').split('\n');
  return lines.flatMap((line, index) => {
    const [, name = '', optional, rest = ''] =
      /^ {2}(?:(?:static|readonly|async|abstract|get|override|declare) )*(\w+)(\??)(?=[(:<])(.*)$/.exec(
        line,
      ) ?? [];
    if (name === '' || ['constructor', 'private', 'protected'].includes(name)) return [];
    const isNumber = /: (?:readonly )?number\b/.test(rest);
    const isTag = /^: '\w+';$/.test(rest);
    return [
      {
        file,
        type,
        name,
        doc: docAbove(lines, index),
        line: { isOptional: optional === '?', isNumber, isTag },
      },
    ];
  });
}

function docAbove(lines: readonly string[], index: number): string {
  const end = lines[index - 1]?.trim() ?? '';
  if (!end.endsWith('*/')) return '';
  const start = lines.findLastIndex((line, at) => at < index && line.trim().startsWith('/**'));
  return lines
    .slice(start, index)
    .map((line) => line.trim())
    .join(' ');
}
