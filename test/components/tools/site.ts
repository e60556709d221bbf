import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Component } from '../components.ts';

const folder = fileURLToPath(new URL('../../../docs/site', import.meta.url));

/** VitePress and TypeDoc, which build the documentation site. */
export const site: Component = {
  id: 'site',
  name: 'VitePress',
  remedy: 'run bash test/components/install/site.sh',
  available: () => existsSync(`${folder}/node_modules/vitepress`),
};
