import { cpSync, existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { all, type Component } from '../components.ts';
import { kafka } from '../services/kafka.ts';
import type { Installation } from '../../support/shop.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = `${root}.graylane/newest`;
/** The newest Node itself. */
export const newestNode: string = `${folder}/node_modules/node/bin/node`;

/** The newest Node, with OpenTelemetry 3.x beside our packages as npm installs them. */
export const newest: Component = {
  id: 'newest',
  name: 'newest Node with OpenTelemetry 3.x',
  remedy: 'run node test/components/install/newest.js',
  // An installation from before the server logged through pino lacks it.
  available: () => existsSync(newestNode) && existsSync(`${folder}/node_modules/pino`),
};

/** The same, and a broker beside it. */
export const newestAndKafka: Component = all(newest, kafka);

/** The demo there, with our packages as they are built now. */
export function newestInstallation(): Installation {
  bringPackages();
  cpSync(`${root}apps/demo/dist`, `${folder}/dist`, { recursive: true });
  return { node: newestNode, demo: `${folder}/bin/graylane-demo.js` };
}

/**
 * Scripts of the workspace there, beside our packages as they are built now: the Node to run them
 * with, and where they are.
 */
export function newestScripts(path: string): { readonly node: string; readonly folder: string } {
  bringPackages();
  const copy = `${folder}/${basename(path)}`;
  cpSync(`${root}${path}`, copy, { recursive: true });
  return { node: newestNode, folder: copy };
}

function bringPackages(): void {
  for (const [name, path] of Object.entries({
    flags: 'packages/flags',
    rollout: 'packages/rollout',
    baggage: 'packages/baggage',
    source: 'packages/source',
    provider: 'packages/provider',
    telemetry: 'packages/telemetry',
    server: 'apps/server',
  })) {
    const installed = `${folder}/node_modules/@graylane/${name}`;
    const parts = ['dist', 'package.json', ...(name === 'telemetry' ? ['register.js'] : [])];
    for (const part of parts) {
      cpSync(`${root}${path}/${part}`, `${installed}/${part}`, { recursive: true });
    }
  }
}
