import { propagation } from '@opentelemetry/api';
import { SDK_INFO, W3CBaggagePropagator } from '@opentelemetry/core';
import undici from 'undici/package.json' with { type: 'json' };
import { expect, test } from 'vitest';

test('the contract runs with what it is to run with', () => {
  expect(undici.version).toMatch(/^8\./);
  expect(Number.parseInt(process.versions['undici'] ?? '', 10)).toBeGreaterThanOrEqual(8);
  expect(SDK_INFO['telemetry.sdk.version']).toMatch(/^3\./);
  // The first copy that registers something leaves its version.
  propagation.setGlobalPropagator(new W3CBaggagePropagator());
  const registry = Reflect.get(globalThis, Symbol.for('opentelemetry.js.api.1')) as { version: string };
  expect(registry.version).toMatch(/^1\.[1-9]\d\./);
});
