import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Component } from '../components.ts';

const folder =
  process.env['GRAYLANE_CONFLUENT'] ??
  fileURLToPath(new URL('../../../.graylane/confluent', import.meta.url));
const require = createRequire(`${folder}/package.json`);
const name = '@confluentinc/kafka-javascript';

/** Confluent's client, which builds native code and is therefore no dependency. */
export const confluent: Component & { available(): boolean } = {
  id: 'confluent',
  name,
  remedy:
    'run test/components/install/confluent.sh, or set GRAYLANE_CONFLUENT to a folder where it is installed',
  available: () => {
    try {
      require.resolve(name);
      return true;
    } catch {
      // A module that can't be resolved is a result, not an error.
      return false;
    }
  },
};

/** The module itself, untyped: its types are there only where it is installed. */
export function loadConfluent(): unknown {
  return require(name);
}
