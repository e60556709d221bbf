import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Component } from './components.ts';

/** The program of schemathesis. */
export const schemathesisProgram: string = fileURLToPath(
  new URL('../../.graylane/schemathesis/bin/schemathesis', import.meta.url),
);

/** How it is to ask. */
export const schemathesisConfig: string = fileURLToPath(new URL('schemathesis.toml', import.meta.url));

/**
 * Tests an HTTP server against its OpenAPI document: thousands of requests, right and wrong, and
 * whether each answer is one it promises.
 */
export const schemathesis: Component = {
  id: 'schemathesis',
  name: 'schemathesis',
  remedy: 'run test/components/install-schemathesis.sh',
  available: () => existsSync(schemathesisProgram),
};
