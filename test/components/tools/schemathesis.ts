import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Component } from '../components.ts';

/** The program of schemathesis. */
export const schemathesisProgram: string = fileURLToPath(
  new URL('../../../.graylane/schemathesis/bin/schemathesis', import.meta.url),
);

/** The options of the requests. */
export const schemathesisConfig: string = fileURLToPath(new URL('schemathesis.toml', import.meta.url));

/**
 * Tests an HTTP server against its OpenAPI document: thousands of requests, right and wrong, and a
 * check whether each response is in the document.
 */
export const schemathesis: Component = {
  id: 'schemathesis',
  name: 'schemathesis',
  remedy: 'run test/components/install/schemathesis.sh',
  available: () => existsSync(schemathesisProgram),
};
