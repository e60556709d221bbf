import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * Workers get these as Node's own conditions, so there is none here that only `import` or only
 * `require` may see.
 */
const conditions = ['@graylane/source', 'node'];

/**
 * Limits of time are there for what hangs. A machine that stands still for seconds is to fail
 * nothing, so they are long where a test waits for something, and what does not come must not keep
 * many tests waiting.
 */
export const patience = { testTimeout: 120_000, hookTimeout: 180_000, expect: { poll: { timeout: 30_000 } } };

/** Files that run at one time: tests mostly wait for the processes that they start. */
const workers = Math.max(2, availableParallelism() - 1);

/**
 * Journeys and chaos start whole shops, brokers and databases, each on ports of its own. Few of
 * them run at one time, and none beside the others.
 */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    ...patience,
    maxWorkers: workers,
    reporters: ['default', './test/support/skip-reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'packages',
          include: [
            'packages/*/test/**/*.test.ts',
            'apps/*/test/**/*.test.ts',
            'test/*.test.ts',
            'test/conformance/**/*.test.ts',
            'test/packages/**/*.test.ts',
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'flags with generated code',
          include: ['packages/flags/test/**/*.test.ts'],
          setupFiles: ['packages/flags/test/generate-code-at-once.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'journeys',
          include: ['test/journey/**/*.test.ts', 'test/chaos/**/*.test.ts', 'test/console/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
