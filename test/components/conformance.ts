import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Component } from './components.ts';

const root =
  process.env['GRAYLANE_CONFORMANCE'] ??
  fileURLToPath(new URL('../../../shared/conformance', import.meta.url));

/** The data of the specifications, which the project reads but does not hold. */
export const conformanceData: Component = {
  id: 'conformance',
  name: 'conformance data',
  remedy: 'set GRAYLANE_CONFORMANCE to the folder that holds it',
  available: () => existsSync(root),
};

/** The absolute path of a file or folder of the conformance data. */
export function conformancePath(path: string): string {
  return `${root}/${path}`;
}

/** The content of a file of the conformance data, e.g. `flagd-schemas/json/flags.json`. */
export function readConformance(path: string): string {
  return readFileSync(conformancePath(path), 'utf8');
}
