// `npm run settings`: writes docs/settings.md from the table of settings.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { settingsPage } from '../src/cli/settings-page.ts';

const page = fileURLToPath(new URL('../../../docs/settings.md', import.meta.url));
writeFileSync(page, settingsPage());
process.exitCode = spawnSync('npx', ['oxfmt', page], { stdio: 'inherit' }).status ?? 1;
