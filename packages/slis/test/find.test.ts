import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { find } from '@graylane/slis';
import { describe, expect, test } from 'vitest';

const folder = fileURLToPath(new URL('fixtures/shop/', import.meta.url));
/** They end in .txt, so that no other tool takes them for sources of ours. */
const files = new Map(
  readdirSync(folder).map(
    (name) => [`${folder}${name.replace('.txt', '')}`, readFileSync(`${folder}${name}`, 'utf8')] as const,
  ),
);
const findings = find(files);

describe('a service over several files', () => {
  test('has its routes with the mounts that lead to them, and its procedures', () => {
    expect(findings.routes.map(({ name }) => name).toSorted()).toEqual([
      'DELETE /more/:id',
      'GET /',
      'GET /admin/people',
      'GET /admin/users',
      'GET /search',
      'GET /v1/orders/:id',
      'GET /v1/orders/:id/items',
      'POST /payments',
      'POST /search',
      'Payments/charge',
      'Payments/refund',
    ]);
  });

  test('has the indicators of its calls, by the binding of their import', () => {
    const calls = findings.indicators.filter(({ measuredBy }) => measuredBy === 'events');
    expect(calls).toEqual([
      {
        name: 'payment',
        kind: 'ratio',
        objective: 0.999,
        measuredBy: 'events',
        routes: ['POST /payments'],
        at: { file: `${folder}app.ts`, line: 8 },
      },
      {
        name: 'search',
        kind: 'latency',
        objective: 0.99,
        thresholdSeconds: 0.3,
        description: 'Search answers quickly',
        measuredBy: 'events',
        routes: [],
        at: { file: `${folder}app.ts`, line: 9 },
      },
      {
        name: 'prices',
        kind: 'ratio',
        objective: 0.99,
        measuredBy: 'events',
        routes: [],
        at: { file: `${folder}app.ts`, line: 14 },
      },
    ]);
  });

  test('has the indicators of its tags, for the route or the procedure that they stand before', () => {
    const tags = findings.indicators.filter(({ measuredBy }) => measuredBy !== 'events');
    expect(
      tags
        .map(({ name, kind, objective, thresholdSeconds, routes }) =>
          [name, kind, objective, thresholdSeconds ?? '-', ...routes].join(' '),
        )
        .toSorted(),
    ).toEqual([
      'charge latency 0.99 0.2 Payments/charge',
      'find latency 0.99 0.3 GET /search',
      'home ratio 0.995 - GET /',
      'order latency 0.999 1 GET /v1/orders/:id',
    ]);
  });

  test('lists what it could not follow', () => {
    expect(
      findings.notFollowed
        .map(({ what, at }) => `${at.file.slice(folder.length)}:${at.line} ${what}`)
        .toSorted(),
    ).toEqual([
      'admin.ts:6 "missing", which is mounted at /admin/missing',
      'app.ts:15 sli(…) whose name or options are not literals',
      'app.ts:17 "logging", which is mounted at /',
      'app.ts:28 "logging", which is mounted at /v1/orders',
      'app.ts:35 app.get(…) whose path is not a string',
      'grpc.ts:12 addService(…) whose handlers are not an object literal',
      'orders.ts:10 the router "lost", which is not mounted in these files',
    ]);
  });
});

test('a file that has a fault is reported, and the others are read', () => {
  const { indicators, notFollowed } = find(
    new Map([
      ['bad.ts', 'const a = ;\n'],
      ['good.ts', "import { sli } from '@graylane/telemetry';\nsli('a', { kind: 'ratio' });\n"],
    ]),
  );
  expect(indicators.map(({ name }) => name)).toEqual(['a']);
  expect(notFollowed[0]?.what).toMatch(/^a file that can't be parsed: bad\.ts:1: /);
});

test('a function of the same name from elsewhere is no indicator', () => {
  expect(
    find(new Map([['a.ts', "import { sli } from './sli.ts';\nsli('a', { kind: 'ratio' });\n"]])).indicators,
  ).toEqual([]);
});

test.each(['@sli', '@sli x 100%', '@sli x latency', '@sli x latency 3h', '@sli x 99.9% latency 3s'])(
  'the tag %j is reported',
  (tag) => {
    const source = `import express from 'express';\nconst app = express();\n/** ${tag} */\napp.get('/', () => {});\n`;
    expect(find(new Map([['a.ts', source]])).notFollowed[0]?.what).toContain('a tag that is not "@sli NAME');
  },
);
