// Part of `prepack`: the tarball contains the built console.
import { cpSync, existsSync, rmSync } from 'node:fs';
import process from 'node:process';

const built = '../console/dist/site';
if (existsSync(`${built}/index.html`)) {
  rmSync('dist/console', { recursive: true, force: true });
  cpSync(built, 'dist/console', { recursive: true });
} else {
  console.error('graylane: the console is not built: run npm run build first');
  process.exitCode = 1;
}
