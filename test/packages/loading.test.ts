import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import {
  consumers,
  installTarballs,
  Project,
  toolPath,
  type Tarball,
} from '../components/tools/consumers.ts';

/** Uses every entry; prints `gray true` where all of them work together. */
const program = `
const flags = compileFlags({ flags: { beta: { state: 'ENABLED', variants: { on: true, off: false },
  defaultVariant: 'off', targeting: { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on', 'off'] } } } });
const entries = [baggageMiddleware, baggageListener, baggageFetch, baggageInterceptor,
  baggageClientInterceptor, withBaggageProducer, GraylaneProvider];
if (!entries.every((entry) => typeof entry === 'function')) throw new Error('an entry is missing');
runInLane('gray', () => {
  const lane = getActiveLane();
  console.log(lane, evaluate(flags, 'beta', { lane }).value);
});
`;

const entries: readonly (readonly [name: string, from: string])[] = [
  ['compileFlags, evaluate', '@graylane/flags'],
  ['getActiveLane, runInLane', '@graylane/baggage'],
  ['baggageMiddleware', '@graylane/baggage/express'],
  ['baggageListener', '@graylane/baggage/http'],
  ['baggageFetch', '@graylane/baggage/fetch'],
  ['baggageInterceptor', '@graylane/baggage/undici'],
  ['baggageClientInterceptor', '@graylane/baggage/grpc'],
  ['withBaggageProducer', '@graylane/baggage/kafka'],
  ['GraylaneProvider', '@graylane/provider'],
];
const imports = entries.map(([names, from]) => `import { ${names} } from '${from}';`).join('\n');
const requires = entries.map(([names, from]) => `const { ${names} } = require('${from}');`).join('\n');
const testFile = (body: string): string =>
  `test('loads', () => { let out; const log = console.log; console.log = (...args) => { out = args.join(' '); };
  try { ${body} } finally { console.log = log; } expect(out).toBe('gray true'); });`;

await describeWith(consumers, 'the packed libraries', () => {
  let contents: ReadonlyMap<string, Tarball>;
  beforeAll(async () => {
    contents = await installTarballs();
  });

  describe('run', () => {
    test('as ES modules', async () => {
      const project = new Project('esm', { 'app.mjs': `${imports}\n${program}` });
      expect(await project.node('app.mjs')).toBe('gray true');
    });

    test('with require', async () => {
      const project = new Project('cjs', { 'app.cjs': `${requires}\n${program}` });
      expect(await project.node('app.cjs')).toBe('gray true');
    });

    test('with require and import in one process, which has one request cell', async () => {
      const app = `
        const { runInLane, getActiveLane } = require('@graylane/baggage');
        const { getActiveLane: own, baggageCounts } = await import('@graylane/baggage');
        runInLane('gray', () => console.log(own(), own === getActiveLane));`;
      const project = new Project('both', { 'app.cjs': `(async () => {${app}})();` });
      expect(await project.node('app.cjs')).toBe('gray true');
    });

    test('with require and import in one process, whose copies of the flags work together', async () => {
      const app = `
        const required = require('@graylane/flags');
        const imported = await import('@graylane/flags');
        const document = { $evaluators: { gray: { '==': [{ var: 'lane' }, 'gray'] } }, flags: {
          beta: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off',
            targeting: { if: [{ $ref: 'gray' }, 'on'] } } } };
        const set = required.compileFlags(document);
        const changed = imported.applyFlagChanges(set, { flags: { beta: { ...document.flags.beta, variants: { on: 1, off: 0 } } } });
        console.log(required.evaluate !== imported.evaluate,
          imported.evaluate(set, 'beta', { lane: 'gray' }).value,
          required.evaluate(changed, 'beta', { lane: 'gray' }).value,
          required.changedFlags(set, changed).join(), imported.changedFlags(set, required.compileFlags(document)).length,
          imported.checkFlagChanges(set, { $evaluators: null }).length);`;
      const project = new Project('copies', { 'app.cjs': `(async () => {${app}})();` });
      expect(await project.node('app.cjs')).toBe('true true 1 beta 0 1');
    });

    test('in node:test', async () => {
      const body = `import { test } from 'node:test';\n${imports}\ntest('loads', () => {${program}});`;
      const project = new Project('node-test', { 'app.test.mjs': body });
      expect(await project.node('--test', 'app.test.mjs')).toContain('# pass 1');
    });

    test('in vitest', async () => {
      const body = `import { expect, test } from 'vitest';\n${imports}\n${testFile(program)}`;
      const project = new Project('vitest-app', {
        'app.test.js': body,
        'vitest.config.js': 'export default {}',
      });
      const output = await project.node(toolPath('node_modules/vitest/vitest.mjs'), 'run', '--root', '.');
      expect(output).toContain('1 passed');
    });

    test.each(['jest29', 'jest30'])('in %s, with babel', async (jest) => {
      const project = new Project(`${jest}/babel`, {
        'package.json': { private: true },
        'app.test.js': `${imports}\n${testFile(program)}`,
        'babel.config.js': `module.exports = { presets: [['@babel/preset-env', { targets: { node: 20 } }]] };`,
      });
      expect(await project.node(toolPath(`${jest}/node_modules/jest/bin/jest.js`))).toContain('1 passed');
    });

    test.each(['jest29', 'jest30'])('in %s, with ts-jest', async (jest) => {
      const project = new Project(`${jest}/ts`, {
        'package.json': { private: true, jest: { preset: 'ts-jest' } },
        'tsconfig.json': {
          compilerOptions: {
            ...strict,
            types: ['node', 'jest'],
            module: 'commonjs',
            moduleResolution: 'node10',
          },
        },
        'app.test.ts': `${imports}\n${testFile(program).replace('let out;', 'let out: unknown;').replace('(...args)', '(...args: unknown[])')}`,
      });
      expect(await project.node(toolPath(`${jest}/node_modules/jest/bin/jest.js`))).toContain('1 passed');
    });

    test.each(['esm', 'cjs'])('bundled by esbuild, as %s', async (format) => {
      const project = new Project(`esbuild-${format}`, { 'app.mjs': `${imports}\n${program}` });
      const out = format === 'esm' ? 'out.mjs' : 'out.cjs';
      // Dependencies that are CommonJS call require, which an ES module has to make first.
      const banner =
        "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
      await project.run(
        toolPath('node_modules/esbuild/bin/esbuild'),
        'app.mjs',
        '--bundle',
        '--platform=node',
        `--format=${format}`,
        `--outfile=${out}`,
        ...(format === 'esm' ? [banner] : []),
      );
      expect(await project.node(out)).toBe('gray true');
    });

    test.each(['import', 'require'])('bundled by webpack, with %s', async (form) => {
      const project = new Project(`webpack-${form}`, {
        [form === 'import' ? 'app.mjs' : 'app.cjs']: `${form === 'import' ? imports : requires}\n${program}`,
        'build.cjs': `require('webpack')({ mode: 'production', target: 'node', entry: './${form === 'import' ? 'app.mjs' : 'app.cjs'}',
          output: { path: __dirname, filename: 'out.cjs' } }, (error, stats) => {
          if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exit(1); } });`,
      });
      await project.node('build.cjs');
      expect(await project.node('out.cjs')).toBe('gray true');
    });
  });

  describe('compile', () => {
    const typescripts = ['5.2', '5.9', '6', '7'];
    const forms = [
      ['commonjs', 'node10', 'commonjs'],
      ['node16', 'node16', 'commonjs'],
      ['node16', 'node16', 'module'],
      ['nodenext', 'nodenext', 'commonjs'],
      ['nodenext', 'nodenext', 'module'],
      ['esnext', 'bundler', 'module'],
    ] as const;
    const cells = typescripts.flatMap((version) =>
      forms
        // TypeScript 7 has no node10 any more.
        .filter(([, resolution]) => !(version === '7' && resolution === 'node10'))
        .map(([module, resolution, type]) => [version, module, resolution, type] as const),
    );

    test.each(cells)(
      'with TypeScript %s, module %s, resolution %s, in a package of type %s',
      async (...cell) => {
        const [version, module, moduleResolution, type] = cell;
        const project = new Project(`ts-${cell.join('-')}`, {
          'package.json': { private: true, type },
          'app.ts': `${imports}\n${program}`,
          'tsconfig.json': {
            compilerOptions: {
              ...strict,
              module,
              moduleResolution,
              outDir: 'out',
              ...(version === '6' && moduleResolution === 'node10' ? { ignoreDeprecations: '6.0' } : {}),
            },
            include: ['app.ts'],
          },
        });
        const output = await compile(project, version);
        expect(output.split('\n').filter((line) => /^app\.ts|@graylane/.test(line))).toEqual([]);
        if (moduleResolution !== 'bundler') expect(await project.node('out/app.js')).toBe('gray true');
      },
    );

    test('with all types checked, and optional properties that may be undefined', async () => {
      const project = new Project('ts-all-types', {
        'package.json': { private: true, type: 'module' },
        'app.ts': `${imports}\n${program}`,
        'tsconfig.json': {
          compilerOptions: {
            ...strict,
            module: 'nodenext',
            exactOptionalPropertyTypes: false,
            skipLibCheck: false,
            noEmit: true,
          },
          include: ['app.ts'],
        },
      });
      const output = await compile(project, '5.9');
      expect(output.split('\n').filter((line) => /^app\.ts|@graylane/.test(line))).toEqual([]);
    });

    test('with the types of express 4 beside those of express 5', async () => {
      const service = (from: string): string => `import express from '${from}';
        import { baggageMiddleware } from '@graylane/baggage/express';
        express().use(baggageMiddleware({ ingress: { mode: 'strip' } }));`;
      const project = new Project('express4/app', {
        'package.json': { private: true, type: 'module' },
        'app.ts': service('express'),
        'tsconfig.json': {
          compilerOptions: { ...strict, module: 'nodenext', noEmit: true },
          include: ['app.ts'],
        },
      });
      expect(await compile(project, '5.9')).toBe('');
      const five = new Project('express5', {
        'package.json': { private: true, type: 'module' },
        'app.ts': service('express'),
        'tsconfig.json': {
          compilerOptions: { ...strict, module: 'nodenext', noEmit: true },
          include: ['app.ts'],
        },
      });
      expect(await compile(five, '5.9')).toBe('');
    });
  });

  describe('bundle for runtimes without Node', () => {
    const app = `
      import { compileFlags, evaluate } from '@graylane/flags';
      import { formatBaggage, parseBaggage, runInLane } from '@graylane/baggage';
      import { baggageFetch } from '@graylane/baggage/fetch';
      globalThis.result = {
        baggage: formatBaggage(parseBaggage('lane=gray,user=ada')),
        variant: evaluate(compileFlags({ flags: {} }), 'beta', {}).reason,
        fetch: baggageFetch({ egress: { to: {} } }),
        runInLane, 
      };`;

    test.each(['esbuild', 'webpack'])('with %s', async (bundler) => {
      const project = new Project(`web-${bundler}`, {
        'app.mjs': app,
        'build.cjs': `require('webpack')({ mode: 'production', target: 'web', entry: './app.mjs',
          output: { path: __dirname, filename: 'out.js' } }, (error, stats) => {
          if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exit(1); } });`,
      });
      if (bundler === 'webpack') await project.node('build.cjs');
      else {
        const args = ['app.mjs', '--bundle', '--platform=browser', '--outfile=out.js'];
        await project.run(toolPath('node_modules/esbuild/bin/esbuild'), ...args);
      }
      // No `process`, `require` or `Buffer`: what a browser has, and a fetch to watch.
      const sent: unknown[] = [];
      const fetch = (...args: unknown[]): Promise<Response> => {
        sent.push(args);
        return Promise.resolve(new Response('ok'));
      };
      const runtime = createContext({ fetch, Headers, Request, URL, TextEncoder, TextDecoder, console });
      runInContext(project.read('out.js'), runtime);
      const result = runInContext('result', runtime) as Record<string, unknown>;
      expect(result).toMatchObject({ baggage: 'lane=gray,user=ada', variant: 'ERROR' });
      await (result['fetch'] as typeof globalThis.fetch)('http://stranger.example/');
      expect(sent).toHaveLength(1);
      expect(() => (result['runInLane'] as (lane: string, fn: () => void) => void)('gray', () => {})).toThrow(
        /AsyncLocalStorage/,
      );
    });
  });

  test('contain code, its source maps, types, README and LICENSE, and no sources', () => {
    expect([...contents.keys()].toSorted()).toContain('@graylane/baggage');
    for (const [name, { files }] of contents) {
      expect(files, name).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']));
      const strangers = files.filter(
        (file) =>
          !/^(LICENSE|README\.md|CHANGELOG\.md|package\.json|register\.js|bin\/.*\.js|dist\/.*(\.js|\.js\.map|\.d\.ts|package\.json))$/.test(
            file,
          ),
      );
      expect(strangers, name).toEqual([]);
      const maps = files.filter((file) => file.endsWith('.js.map'));
      expect(maps.length, name).toBeGreaterThan(0);
    }
  });

  test('have at most 400 KB each', () => {
    for (const [name, { bytes }] of contents) expect(bytes, name).toBeLessThanOrEqual(400_000);
  });

  test('load few files, and none that Node reads twice', async () => {
    // Node reads a large CommonJS file for its exports before it compiles it, if it is imported.
    const app = `
      import { Session } from 'node:inspector';
      const session = new Session();
      session.connect();
      const files = [];
      session.on('Debugger.scriptParsed', ({ params: { url } }) => {
        const [, file] = /@graylane[/](.*[.]js)$/.exec(url) ?? [];
        if (file !== undefined) files.push(file);
      });
      session.post('Debugger.enable');
      await import('@graylane/provider');
      console.log(files.join());`;
    const project = new Project('loaded', { 'app.mjs': app });
    const loaded = (await project.node('app.mjs')).split(',');
    expect(loaded).toEqual(expect.arrayContaining(['flags/dist/index.js', 'source/dist/index.js']));
    expect(loaded.filter((file) => /^(flags|source|provider)\/dist\/cjs/.test(file))).toEqual([]);
    expect(loaded.length, loaded.join(' ')).toBeLessThanOrEqual(15);
  });

  test('name no file that is missing', () => {
    for (const [name, { files }] of contents) {
      const path = toolPath(`node_modules/${name}/package.json`);
      const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
      const named = ['main', 'types', 'bin', 'typesVersions', 'exports'].flatMap((field) =>
        pathsOf(manifest[field]),
      );
      const missing = named.filter((file) => !files.includes(file.replace(/^\.\//, '')));
      // The condition for our own tools; published packages have no sources.
      expect(
        missing.filter((file) => !file.startsWith('./src/')),
        name,
      ).toEqual([]);
    }
  });
});

const strict = {
  target: 'es2022',
  lib: ['es2023', 'dom'],
  strict: true,
  exactOptionalPropertyTypes: true,
  esModuleInterop: true,
  skipLibCheck: true,
  types: ['node'],
};

/** The compiler's messages; old versions fail on the types of others, so the caller filters. */
async function compile(project: Project, version: string): Promise<string> {
  const tsc = toolPath(`node_modules/typescript-${version}/bin/tsc`);
  return project.node(tsc, '-p', '.').catch((error: unknown) => {
    const { stdout } = (error as Error).cause as { stdout: string };
    return stdout.trim();
  });
}

function pathsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(pathsOf) : [];
}
