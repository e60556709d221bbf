import type { Component } from '../../components/components.ts';
import { postgres } from '../../components/services/postgres.ts';
import { codeBlocks } from '../markdown.ts';

/** A page whose commands are run, with the files and the component that they need. */
export interface CommandPage {
  readonly page: string;
  /** Files of the folder that the commands run in, beside those that the page shows. */
  readonly files?: Readonly<Record<string, string>>;
  /** Whether a flag server is started before, and how many environments it has. Default: `file`. */
  readonly server?: 'none' | 'file' | 'data';
  readonly replaced?: ReadonlyArray<readonly [written: string, real: string]>;
  /** Pairs of a part of a command and the output that the page promises for it. */
  readonly prints?: ReadonlyArray<readonly [command: string, output: RegExp]>;
  readonly component?: Component;
}

const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const internal = { if: [{ '==': [{ var: 'tenant' }, 'internal'] }, 'on'] };
const lane = {
  state: 'ENABLED',
  variants: { baseline: 'baseline', gray: 'gray' },
  defaultVariant: 'baseline',
  targeting: { if: [{ '==': [{ var: 'tenant' }, 'internal'] }, 'gray'] },
};

/** The flags of the server that is started. */
export const flags = {
  flags: {
    lane,
    fees: { ...flag, targeting: internal },
    'new-fees': flag,
    'payments-defect': {
      state: 'ENABLED',
      variants: { none: 'none', slow: 'slow' },
      defaultVariant: 'none',
    },
  },
};

const app = `import { getActiveLane, runInLane } from '@graylane/baggage';
  import { GraylaneProvider } from '@graylane/provider';
  await runInLane('gray', () => console.log(\`in \${getActiveLane()}\`));`;
const edge = `import { once } from 'node:events';
  import { createServer } from 'node:http';
  import { getActiveLane } from '@graylane/baggage';
  import { baggageListener } from '@graylane/baggage/http';
  const ingress = { mode: 'accept', keys: ['lane'] };
  const handler = (_request, response) => response.end(getActiveLane());
  const server = createServer(baggageListener({ ingress }, handler)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  for (const lane of ['gray', 'team-b']) {
    const headers = { baggage: 'lane=' + lane };
    const response = await fetch('http://127.0.0.1:' + server.address().port, { headers });
    console.log(lane, 'runs in', await response.text());
  }
  server.closeAllConnections();
  server.close();`;

/** The pages whose commands are run, from top to bottom. */
export const commandPages: readonly CommandPage[] = [
  {
    page: 'apps/server/README.md',
    server: 'none',
    files: { 'flags.json': JSON.stringify(flags) },
    prints: [['curl', /"value":"gray"/]],
  },
  {
    page: 'docs/evaluation.md',
    server: 'none',
    files: { 'flags.json': JSON.stringify(documentOf('docs/evaluation.md', /"insider"/)) },
    prints: [['explain', /variant "off".*\n(?:.*\n)*.*81\.32 of 100/]],
  },
  {
    page: 'docs/flag-server.md',
    prints: [
      ['preview', /"flag":"fees","before":\{"value":true/],
      ['explain', /"variant":"on"/],
    ],
  },
  {
    page: 'docs/kill-switch.md',
    files: { 'app.js': edge },
    prints: [
      ['kill gray --reason', /0 of 0 clients/],
      ['server kill', /gray[^]*new-fees/],
      ['app.js', /gray runs in baseline\nteam-b runs in team-b/],
    ],
  },
  {
    page: 'docs/observe.md',
    files: { 'app.js': app },
    prints: [['register', /in gray[^]*graylane telemetry: .*lanes baseline, gray, team-a/]],
  },
  {
    page: 'docs/operating.md',
    server: 'data',
    files: {
      'flags/production.json': JSON.stringify(flags),
      'flags/contexts.json': JSON.stringify([{ tenant: 'internal' }, {}]),
    },
  },
  {
    page: 'docs/postgresql.md',
    server: 'data',
    component: postgres,
    prints: [
      ['token create', /gl_/],
      ['--host', /serving/],
    ],
  },
  { page: 'docs/protocols.md', prints: [['ResolveBoolean', /"value":true/]] },
  { page: 'docs/recipes.md', prints: [['set lane', /default: lane changed/]] },
  { page: 'docs/relay.md', server: 'data', prints: [['--upstream', /serving/]] },
  {
    page: 'docs/rollouts.md',
    server: 'data',
    // No shop brings evidence here, so the rollout that the page resumes is still running.
    replaced: [['resume', 'status']],
    prints: [
      ['start', /running, step 1 of 3/],
      ['watch', /step 1 of 3/],
    ],
  },
  {
    page: 'docs/security.md',
    server: 'data',
    prints: [
      ['token create admin', /gl_/],
      ['token rotate', /gl_/],
      ['token list', /admin.*\n(?:.*\n)*.*orders/],
      ['--tls-cert', /serving/],
    ],
  },
  {
    page: 'docs/usage.md',
    files: { 'app.js': app },
    prints: [
      ['usage new-fees', /new-fees/],
      ['register', /in gray/],
    ],
  },
  {
    page: 'packages/slis/README.md',
    server: 'none',
    replaced: [['src/*.ts', 'src/shop.ts']],
    files: {
      'src/shop.ts': `import express from 'express';
      const app = express();
      /** @sli orders latency 300ms 99% */
      app.get('/orders', (_request, response) => void response.json([]));`,
    },
  },
  {
    page: 'packages/telemetry/README.md',
    server: 'none',
    files: { 'app.js': app },
    prints: [['register', /in gray/]],
  },
];

/** A command or block that no test runs, and why. */
export interface NotExecuted {
  readonly page?: RegExp;
  /** Matches the words of a command, or the beginning of a block. */
  readonly command: RegExp;
  readonly reason: string;
}

/** Everything else is executed. */
export const notExecuted: readonly NotExecuted[] = [
  {
    command: /^npm (?:install|init|pkg)\b|^mkdir shop|^cd shop/,
    reason:
      'takes packages from npm, where ours are not yet; examples.test.ts looks the names up in the lock file, and test/packages installs the tarballs',
  },
  { command: /^npm (?:run build|pack|test)\b/, reason: 'the test itself runs in what these commands make' },
  {
    command: /^npm start/,
    reason: 'listens on fixed ports; test/journey runs the same services on free ports',
  },
  {
    page: /^docs\/rollouts\.md$/,
    command: /^sleep|^curl .*checkout/,
    reason: 'an endless loop; test/journey/rollout.test.ts sends such traffic',
  },
  {
    page: /^docs\/security\.md$/,
    command: /--oidc-issuer/,
    reason: 'needs an identity provider with TLS; test/console/oidc.test.ts starts one',
  },
];

function documentOf(page: string, words: RegExp): object {
  const block = codeBlocks(page).find(({ info, code }) => info === 'json' && words.test(code));
  return JSON.parse(block?.code ?? '') as object;
}

/** A block that no test runs, and why. */
export interface NotExecutedBlock {
  readonly page: string;
  /** A part of its code. */
  readonly code: string;
  readonly reason: string;
}

/** Blocks that are not commands. */
export const notExecutedBlocks: readonly NotExecutedBlock[] = [
  {
    page: 'docs/protocols.md',
    code: 'FlagdOptions.builder()',
    reason:
      'a part of a Java program; test/components/clients/java-flagd has these calls, and test/conformance runs it',
  },
];
