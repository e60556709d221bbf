// All the set-up that `npm start`, `npm test` and `npm run bench` need: dependencies, then the
// build. It runs before node_modules exists.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

requireNode(20, 19);
// npm writes this lock at the end of every installation.
if (changed('node_modules/.package-lock.json') < changed('package-lock.json')) {
  say('installing dependencies (npm ci) ...');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
say('building packages (turbo run build) ...');
run('npx', ['turbo', 'run', 'build', '--output-logs=errors-only', '--log-prefix=none']);

function requireNode(major, minor) {
  const [ownMajor = 0, ownMinor = 0] = process.versions.node.split('.').map(Number);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return;
  console.error(
    `graylane: Node ${process.versions.node} is too old. Install Node ${major}.${minor} or newer.`,
  );
  process.exit(1);
}

/** The time of a file's last change; 0 if the file does not exist. */
function changed(file) {
  return statSync(`${root}${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function run(command, args) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
  if (status === 0) return;
  console.error(`graylane: "${command} ${args.join(' ')}" failed; its messages are above.`);
  process.exit(status ?? 1);
}

function say(text) {
  console.log(`graylane: ${text}`);
}
