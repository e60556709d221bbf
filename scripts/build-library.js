// `build-library.js [--both] [FILE ...]`: builds the package in the current folder, once `tsc -b`
// has written its declarations to dist/cjs: its exports, and the files that its programs load. A
// process must have one request cell however the package was loaded, so the code is built once,
// as CommonJS; the ES modules re-export it
// (https://nodejs.org/api/packages.html#dual-commonjses-module-packages). With --both the ES
// modules have code of their own, which loads faster (docs/decisions/0017): for a package without
// state, whose copies work with each other's objects. Exports that have a `browser` condition are
// built for runtimes without Node's built-ins, too.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import process from 'node:process';
import { rolldown } from 'rolldown';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const programs = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const entries = [
  ...Object.entries(manifest.exports).filter(([, target]) => target['@graylane/source']),
  ...programs.map((file) => [`./${basename(file, '.ts')}`, { '@graylane/source': `./${file}` }]),
];
const dependencies = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).map(
  (name) => new RegExp(`^${name}(/|$)`),
);

mkdirSync('dist/cjs', { recursive: true });
for (const folder of ['dist', 'dist/cjs']) {
  for (const file of readdirSync(folder)) {
    if (/\.js(\.map)?$/.test(file)) rmSync(`${folder}/${file}`);
  }
}
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
await bundle({ entries, format: 'cjs', dir: 'dist/cjs' });
const both = process.argv.includes('--both');
if (both) await bundle({ entries, format: 'esm', dir: 'dist' });
for (const [path, target] of entries) writeEntry(nameOf(path), target['@graylane/source']);

const portable = entries.filter(([, target]) => target.browser);
if (portable.length > 0) await bundle({ entries: portable, format: 'esm', dir: 'dist/web', web: true });

async function bundle({ entries: built, format, dir, web = false }) {
  const build = await rolldown({
    input: Object.fromEntries(built.map(([path, target]) => [nameOf(path), target['@graylane/source']])),
    external: web ? dependencies : [/^node:/, ...dependencies],
    platform: web ? 'browser' : 'node',
    resolve: web ? { alias: webAliases() } : {},
    logLevel: 'warn',
    plugins: [plainExports()],
  });
  await build.write({
    dir,
    format,
    sourcemap: true,
    exports: 'named',
    comments: false,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-chunk.js',
  });
  await build.close();
}

/**
 * Assigns what a chunk exports instead of defining a getter for it, so that V8 takes it for a
 * constant. The chunks of a package import each other in no circle.
 */
function plainExports() {
  const getter =
    /Object\.defineProperty\(exports, "(\w+)", \{\s*enumerable: true,\s*get: function\(\) \{\s*return ([\w$.]+);\s*\}\s*\}\);/g;
  // As many lines as before: the source map exists already.
  const assignment = (definition, name, value) =>
    `exports.${name} = ${value};${'\n'.repeat(definition.split('\n').length - 1)}`;
  return {
    name: 'plain-exports',
    generateBundle(_options, files) {
      for (const file of Object.values(files)) {
        if (file.type === 'chunk') file.code = file.code.replaceAll(getter, assignment);
      }
    },
  };
}

/** `node:crypto` -> `src/web/crypto.ts`, for each file of that folder. */
function webAliases() {
  if (!existsSync('src/web')) return {};
  return Object.fromEntries(
    readdirSync('src/web').map((file) => {
      const name = file.replace(/\.ts$/, '').replaceAll('-', '_');
      return [`node:${name}`, `${process.cwd()}/src/web/${file}`];
    }),
  );
}

/** The ES module, and the declarations that both forms find beside their code. */
function writeEntry(name, source) {
  const declarations = source.replace('./src/', './').replace(/\.ts$/, '.js');
  if (declarations !== `./${name}.js`) {
    writeFileSync(`dist/cjs/${name}.d.ts`, `export * from '${declarations}';\n`);
  }
  writeFileSync(`dist/${name}.d.ts`, `export * from './cjs/${name}.js';\n`);
  if (both) return;
  const names = Object.keys(createRequire(`${process.cwd()}/`)(`./dist/cjs/${name}.js`));
  if (names.length > 0) {
    writeFileSync(`dist/${name}.js`, `export { ${names.toSorted().join(', ')} } from './cjs/${name}.js';\n`);
  } else writeFileSync(`dist/${name}.js`, `import './cjs/${name}.js';\n`);
}

function nameOf(path) {
  return path === '.' ? 'index' : path.slice('./'.length);
}
