import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Cases that `test/repeat.test.ts` runs as if they were all tests. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    include: ['*.case.ts'],
    reporters: ['default', fileURLToPath(new URL('../skip-reporter.ts', import.meta.url))],
  },
});
