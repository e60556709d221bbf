// `npm run release:rehearse [-- FOLDER ...]`: `npm publish --dry-run` of each public package, or of
// the folders, without an account. Fails if a tarball lacks a file that the manifest promises, or
// the manifest lacks what provenance and the registry need.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [flags, folders] = ['--', ''].map((start) =>
  process.argv.slice(2).filter((argument) => argument.startsWith('--') === (start !== '')),
);
const packages = (folders.length > 0 ? folders.map((folder) => resolve(folder)) : publicPackages()).map(
  (folder) => ({ folder, manifest: JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) }),
);

let failed = false;
for (const { folder, manifest } of packages) {
  const { tarball, problems } = rehearse(folder, manifest);
  failed ||= problems.length > 0;
  const kilobytes = tarball && `, ${tarball.files.length} files, ${Math.round(tarball.size / 1000)} kB`;
  console.log(`${manifest.name}@${manifest.version}${kilobytes ?? ''}`);
  for (const problem of problems) console.log(`  ${problem}`);
}
console.log(failed ? 'release: not ready' : `release: ${packages.length} packages are ready`);
process.exitCode = failed ? 1 : 0;

function rehearse(folder, manifest) {
  const problems = faultsOf(folder, manifest);
  const command = ['publish', '--dry-run', '--json', '--access', 'public', ...flags];
  const { status, stdout, stderr } = spawnSync('npm', command, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) return { problems: [...problems, `"npm ${command.join(' ')}" failed: ${stderr}`] };
  const output = JSON.parse(stdout.slice(stdout.indexOf('{')));
  const tarball = output.files ? output : output[manifest.name]; // npm 10 and 11
  const files = new Set(tarball.files.map(({ path }) => path));
  for (const file of promised(manifest)) if (!files.has(file)) problems.push(`the tarball lacks ${file}`);
  const stray = [...files].filter((file) => /(^|\/)(src|test|node_modules)\/|\.tsbuildinfo$/.test(file));
  if (stray.length > 0) problems.push(`the tarball has files of the repository: ${stray.join(', ')}`);
  return { tarball, problems };
}

/** The files that must be in the tarball: of every package, and of its exports and commands. */
function promised(manifest) {
  const always = [
    'package.json',
    'README.md',
    'CHANGELOG.md',
    ...(flags.includes('--ignore-scripts') ? [] : ['LICENSE']),
  ];
  const paths = [manifest.main, manifest.types, ...targetsOf(manifest.exports), ...targetsOf(manifest.bin)];
  return [...always, ...paths.filter(Boolean).map((path) => path.replace(/^\.\//, ''))];
}

/** The paths of `exports` or `bin`; not the sources, which are for this repository alone. */
function targetsOf(target) {
  if (typeof target === 'string') return [target];
  return Object.entries(target ?? {}).flatMap(([condition, inner]) =>
    condition === '@graylane/source' ? [] : targetsOf(inner),
  );
}

function faultsOf(
  folder,
  { name, version, license, private: isPrivate, publishConfig, repository, dependencies },
) {
  const directory = relative(root, folder).replaceAll('\\', '/');
  return [
    [isPrivate === true, 'is private'],
    [!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version ?? ''), `has no version of semver: "${version}"`],
    [license !== 'Apache-2.0', `has the license "${license}" instead of "Apache-2.0"`],
    [publishConfig?.access !== 'public', 'needs "publishConfig": { "access": "public" }'],
    [publishConfig?.provenance !== true, 'needs "publishConfig": { "provenance": true }'],
    // npm compares it with the repository that the workflow runs in.
    [
      repository?.url !== 'git+https://github.com/graylane/graylane.git',
      'needs "repository.url" "git+https://github.com/graylane/graylane.git" for its provenance',
    ],
    [repository?.directory !== directory, `needs "repository.directory" "${directory}"`],
    ...Object.entries(dependencies ?? {})
      .filter(([dependency]) => dependency.startsWith('@graylane/'))
      .map(([dependency, range]) => [
        range !== version,
        `depends on ${dependency} ${range}, but the release has ${version}`,
      ]),
  ].flatMap(([isFault, message]) => (isFault ? [`${name} ${message}`] : []));
}

function publicPackages() {
  return ['packages', 'apps']
    .flatMap((folder) => readdirSync(`${root}${folder}`).map((name) => `${root}${folder}/${name}`))
    .filter((folder) => JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')).private !== true);
}
