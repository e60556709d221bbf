import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { patience } from '../../vitest.config.ts';

const installed = fileURLToPath(new URL('../../.graylane/newest/node_modules', import.meta.url));
const newest = ['undici', '@opentelemetry/api', '@opentelemetry/core'];
const conditions = ['@graylane/source', 'node'];

/**
 * The contract of our adapters with what `test/components/install/newest.js` brings;
 * `newest-contract.test.ts` among the journeys runs it.
 */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  resolve: {
    conditions,
    alias: newest.map((name) => ({
      find: new RegExp(`^${name}(?=$|/)`),
      replacement: `${installed}/${name}`,
    })),
  },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      'test/newest/*.test.ts',
      'packages/baggage/test/adapters/{context,grpc,http-*,lane-header,lane-response,loops,write-head,request-signatures,true-destination}.test.ts',
    ],
    ...patience,
  },
});
