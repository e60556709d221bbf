import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Component } from '../components.ts';

/** The folder in which the clients of Unleash and LaunchDarkly are installed. */
export const comparedFolder = fileURLToPath(new URL('../../../.graylane/compared', import.meta.url));

/** The clients of other flag services, for the pages that compare them with graylane. */
export const compared: Component = {
  id: 'compared',
  name: 'clients of Unleash and LaunchDarkly',
  remedy: 'run node test/components/install/compared.js',
  available: () =>
    ['unleash-client', '@launchdarkly/openfeature-node-server'].every((name) =>
      existsSync(`${comparedFolder}/node_modules/${name}`),
    ),
};
