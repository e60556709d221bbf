import { defineConfig } from 'vitest/config';

/** Workers get these as Node's own conditions, so there is none here that only `import` or only `require` may see. */
const conditions = ['@graylane/source', 'node'];

/** Journeys, chaos and conformance share real ports and brokers, so their files run one after another. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
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
          ],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'flags with generated code',
          include: ['packages/flags/test/**/*.test.ts'],
          setupFiles: ['packages/flags/test/generate-code-at-once.ts'],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'journeys',
          include: ['test/journey/**/*.test.ts', 'test/chaos/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
