import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../../../packages', import.meta.url));

/** The pages whose complete examples `readme.test.ts` runs as written. */
export const runPages: readonly string[] = [
  ...readdirSync(packages).map((name) => `packages/${name}/README.md`),
  'docs/adapters/serverless.md',
  'docs/recipes.md',
  'docs/troubleshooting.md',
  'docs/compare/flagd.md',
  'docs/compare/opentelemetry-baggage.md',
];

/** Blocks that another suite executes: those of a page whose info string matches. */
interface Executed {
  readonly suite: string;
  readonly page: string;
  readonly info: RegExp;
  /** How many there are: a further one needs a look whether the suite covers it. */
  readonly count: number;
}

/** What the other suites execute. Each suite names its page in its source. */
export const executed: readonly Executed[] = [
  { suite: 'test/getting-started.test.ts', page: 'README.md', info: /^js \[/, count: 2 },
  { suite: 'test/getting-started.test.ts', page: 'docs/getting-started.md', info: /^js \[/, count: 4 },
  { suite: 'test/getting-started.test.ts', page: 'docs/getting-started.md', info: /^json \[/, count: 1 },
  { suite: 'test/compare.test.ts', page: 'docs/compare/launchdarkly.md', info: /^js$/, count: 2 },
  { suite: 'test/readme.test.ts', page: 'docs/recipes.md', info: /^json$/, count: 8 },
  {
    suite: 'apps/server/test/rollouts/rollouts-page.test.ts',
    page: 'docs/rollouts.md',
    info: /^(?:json|yaml)\b/,
    count: 4,
  },
  { suite: 'packages/slis/test/ten-minutes.test.ts', page: 'docs/slis.md', info: /^js \[/, count: 1 },
  { suite: 'packages/slis/test/ten-minutes.test.ts', page: 'docs/slis.md', info: /^console$/, count: 7 },
  { suite: 'apps/server/test/kill/kill-docs.test.ts', page: 'docs/kill-switch.md', info: /^json$/, count: 1 },
  { suite: 'apps/server/test/store/backup.test.ts', page: 'docs/operating.md', info: /^sh$/, count: 1 },
  { suite: 'test/getting-started.test.ts', page: 'docs/getting-started.md', info: /^console$/, count: 6 },
  { suite: 'test/getting-started.test.ts', page: 'docs/getting-started.md', info: /^text$/, count: 1 },
  { suite: 'test/journey/next.test.ts', page: 'docs/adapters/serverless.md', info: /^js \[/, count: 3 },
  { suite: 'test/journey/shop.test.ts', page: 'README.md', info: /^json$/, count: 1 },
  { suite: 'test/readme.test.ts', page: 'docs/troubleshooting.md', info: /^text$/, count: 17 },
  { suite: 'test/documents.test.ts', page: 'docs/evaluation.md', info: /^json$/, count: 2 },
  { suite: 'test/documents.test.ts', page: 'docs/flag-server.md', info: /^json$/, count: 2 },
  { suite: 'test/documents.test.ts', page: 'docs/operating.md', info: /^json$/, count: 2 },
  { suite: 'test/documents.test.ts', page: 'docs/operating.md', info: /^yaml \[/, count: 1 },
  { suite: 'test/documents.test.ts', page: 'docs/pins.md', info: /^json$/, count: 1 },
  {
    suite: 'apps/server/test/cli/explain-command.test.ts',
    page: 'docs/evaluation.md',
    info: /^text$/,
    count: 1,
  },
  {
    suite: 'apps/server/test/front-door/behind-nginx.test.ts',
    page: 'docs/security.md',
    info: /^nginx$/,
    count: 1,
  },
];
