import { cpSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Component } from '../components.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = `${root}.graylane/sentry`;

/** Sentry's SDK for Node, which writes members of its own into `baggage`. */
export const sentry: Component = {
  id: 'sentry',
  name: 'Sentry SDK',
  remedy: 'run node test/components/install/sentry.js',
  available: () => existsSync(`${folder}/node_modules/@sentry/node`),
};

/** A script of the workspace there, beside our package as it is built now. */
export function sentryScript(path: string): string {
  for (const part of ['dist', 'package.json']) {
    cpSync(`${root}packages/baggage/${part}`, `${folder}/node_modules/@graylane/baggage/${part}`, {
      recursive: true,
    });
  }
  const copy = `${folder}/cell.js`;
  cpSync(`${root}${path}`, copy);
  return copy;
}
