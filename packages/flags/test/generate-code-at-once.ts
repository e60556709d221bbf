import { vi } from 'vitest';
import type * as FlagSetModule from '../src/set/flag-set.ts';

/**
 * Every test of this package runs twice: as it is, and with generated code from the first
 * evaluation on.
 */
vi.mock('../src/set/flag-set.ts', async (importOriginal) => {
  const original = await importOriginal<typeof FlagSetModule>();
  const compileFlags: typeof original.compileFlags = (document, options) =>
    original.compileFlags(document, { generateCodeAfter: 0, ...options });
  return { ...original, compileFlags };
});
