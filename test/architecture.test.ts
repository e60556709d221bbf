import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Which of our packages each one may import; arrows point down only. */
const arrows: Record<string, readonly string[]> = {
  'packages/flags': [],
  'packages/baggage': [],
  'packages/rollout': [],
  'packages/source': ['@graylane/flags'],
  'packages/provider': ['@graylane/flags', '@graylane/baggage', '@graylane/source'],
  'packages/telemetry': ['@graylane/baggage'],
  'packages/slis': [],
  'apps/server': ['@graylane/flags', '@graylane/rollout', '@graylane/source', '@graylane/telemetry'],
  'apps/console': ['@graylane/flags', '@graylane/server'],
  'apps/demo': ['@graylane/baggage', '@graylane/provider', '@graylane/server', '@graylane/telemetry'],
};

/** Which folders of a package each of its folders may import. */
const rooms: Record<string, Record<string, readonly string[]>> = {
  'packages/flags': {
    explain: ['set', 'flag', 'rule/operators', 'rule', 'hash', 'json'],
    check: ['set', 'flag', 'rule/operators', 'rule', 'kill', 'json'],
    set: ['flag', 'kill', 'json'],
    flag: ['rule/operators', 'rule', 'kill', 'hash', 'json'],
    kill: ['json'],
    'rule/operators': ['rule/optimize', 'rule', 'hash', 'json'],
    'rule/optimize': ['rule'],
    rule: ['json'],
  },
  'packages/baggage': {
    'adapters/http': ['adapters/http/servers', 'adapters/http/clients', 'request', 'policy'],
    'adapters/http/servers': ['policy', 'request', 'lane', 'codec'],
    'adapters/http/clients': ['adapters', 'policy', 'request', 'lane', 'codec'],
    'adapters/grpc': ['policy', 'request', 'lane', 'codec'],
    'adapters/kafka': ['adapters', 'policy', 'request', 'lane', 'codec'],
    policy: ['request', 'lane', 'codec'],
    request: ['lane', 'codec'],
    lane: ['codec'],
  },
  'packages/provider': {
    testing: ['baggage'],
    usage: ['baggage'],
  },
  'packages/telemetry': {
    register: ['management', 'logs', 'flags', 'profiles', 'routes', 'signals'],
    management: ['crash', 'profiles', 'memory', 'requests', 'sli', 'metrics', 'readings', 'lanes'],
    logs: ['tags', 'lanes'],
    flags: ['requests', 'readings', 'metrics', 'lanes'],
    signals: ['requests', 'routes', 'metrics', 'lanes', 'tags'],
    sli: ['metrics', 'lanes', 'signals'],
    crash: ['memory', 'profiles'],
    memory: ['requests', 'readings'],
    profiles: ['lanes'],
    readings: ['metrics'],
    metrics: ['requests', 'routes', 'lanes'],
    lanes: ['tags'],
  },
  'packages/slis': { contract: ['source'] },
  'apps/server': {
    // It opens all parts.
    compose: [
      'audit',
      'backpressure',
      'cli',
      'clients',
      'http',
      'http/console',
      'http/front-door',
      'http/port',
      'logging',
      'metrics',
      'model',
      'observe',
      'oidc',
      'protocols/admin',
      'protocols/flagd',
      'protocols/kill',
      'protocols/ofrep',
      'protocols/otlp',
      'protocols/rollouts',
      'protocols/stream',
      'protocols/traffic',
      'relay',
      'rollouts/control',
      'rollouts/evidence',
      'rollouts/evidence/otlp',
      'rollouts/evidence/prometheus',
      'signals',
      'sse',
      'store',
      'store/disk',
      'store/feed',
      'store/file',
      'store/journal',
      'store/kill',
      'store/postgres',
      'store/postgres/database',
      'tokens',
      'traffic',
      'usage',
      'webhooks',
    ],
    cli: [
      'oidc',
      'cli/commands',
      'cli/commands/revisions',
      'cli/commands/rollouts',
      'cli/commands/traffic',
      'http/front-door',
      'http/port',
      'tokens',
      'model',
      'logging',
      'store/postgres',
      'store/postgres/database',
    ],
    'cli/commands/revisions': ['cli/commands/traffic', 'cli/commands', 'model'],
    'cli/commands/rollouts': ['cli/commands'],
    'cli/commands/traffic': ['cli/commands'],
    'cli/commands': [
      'cli/commands/explanation',
      'protocols/admin',
      'store/journal',
      'tokens',
      'json',
      'model',
      'store/archive',
      'store/file',
      'store/postgres',
      'store/postgres/database',
      'store',
    ],
    'protocols/admin': [
      'http',
      'http/body',
      'http/front-door',
      'tokens',
      'rollouts/targeting',
      'store',
      'json',
      'model',
      'package',
    ],
    'protocols/traffic': [
      'http',
      'http/body',
      'traffic',
      'traffic/lanes',
      'traffic/map',
      'rollouts/control',
      'rollouts/process',
      'usage',
      'store',
      'model',
    ],
    traffic: ['traffic/lanes', 'traffic/map', 'signals', 'store'],
    'traffic/lanes': [
      'traffic/map',
      'rollouts/report',
      'rollouts/process',
      'rollouts/targeting',
      'usage',
      'signals',
    ],
    'traffic/map': ['signals'],
    'protocols/ofrep': [
      'http',
      'http/body',
      'http/front-door',
      'sse',
      'clients',
      'store',
      'model',
      'backpressure',
      'metrics',
      'traffic',
    ],
    'protocols/otlp': [
      'http',
      'http/body',
      'http/front-door',
      'signals',
      'store',
      'json',
      'model',
      'backpressure',
    ],
    'protocols/flagd/messages': [],
    'protocols/flagd': [
      'protocols/flagd/messages',
      'http',
      'http/port',
      'http/front-door',
      'tokens',
      'sse',
      'clients',
      'store',
      'model',
      'backpressure',
      'metrics',
    ],
    'protocols/stream': [
      'protocols/ofrep',
      'http',
      'http/body',
      'http/front-door',
      'sse',
      'clients',
      'store',
      'model',
    ],
    'protocols/kill': [
      'protocols/admin',
      'http/front-door',
      'audit',
      'http',
      'http/body',
      'clients',
      'store/kill',
      'store',
      'model',
    ],
    clients: ['store/postgres/database', 'store', 'package'],
    audit: ['http', 'http/front-door', 'metrics', 'store', 'model'],
    relay: [
      'audit',
      'clients',
      'usage',
      'signals',
      'metrics',
      'store/kill',
      'store/file',
      'store/disk',
      'store',
      'model',
    ],
    'protocols/rollouts': [
      'protocols/admin',
      'http',
      'http/body',
      'rollouts/control',
      'rollouts/report',
      'rollouts/process',
      'rollouts/evidence',
      'rollouts/definition',
      'store',
      'model',
    ],
    'rollouts/report': [
      'rollouts/process',
      'rollouts/evidence',
      'rollouts/targeting',
      'rollouts/definition',
      'model',
    ],
    'rollouts/control': [
      'rollouts/process',
      'rollouts/evidence',
      'rollouts/targeting',
      'rollouts/definition',
      'store',
      'model',
    ],
    'rollouts/process': ['rollouts/evidence', 'rollouts/targeting', 'rollouts/definition', 'model'],
    webhooks: ['rollouts/control', 'rollouts/targeting', 'metrics', 'store/file', 'store', 'json', 'model'],
    'rollouts/evidence/otlp': [
      'rollouts/evidence',
      'rollouts/evidence/counting',
      'rollouts/definition',
      'signals',
    ],
    'rollouts/evidence/prometheus': [
      'rollouts/evidence',
      'rollouts/evidence/counting',
      'rollouts/definition',
    ],
    'rollouts/evidence/counting': ['rollouts/evidence', 'rollouts/definition'],
    'rollouts/evidence': ['rollouts/definition'],
    'rollouts/targeting': ['rollouts/definition', 'model'],
    'rollouts/definition': ['model'],
    observe: ['http', 'http/port', 'sse', 'backpressure', 'metrics', 'tokens', 'usage', 'store'],
    metrics: ['usage', 'rollouts/control', 'rollouts/process', 'store', 'model'],
    logging: ['store', 'model'],
    usage: ['signals', 'store', 'model'],
    http: ['http/body', 'http/port', 'metrics', 'store', 'model'],
    'http/body': ['http/port', 'model', 'backpressure'],
    'http/console': ['http/front-door', 'package'],
    oidc: ['http', 'http/body', 'http/front-door', 'http/port', 'tokens', 'model'],
    'http/front-door': ['http/port', 'tokens', 'store', 'model'],
    'http/port': ['store/file'],
    sse: ['tokens', 'store', 'model', 'backpressure', 'metrics'],
    tokens: ['store/file', 'store/disk', 'model'],
    'store/feed': ['store/file', 'store/journal', 'store/disk', 'store', 'json', 'model'],
    'store/postgres': [
      'store/postgres/database',
      'store/archive',
      'store/journal',
      'tokens',
      'store',
      'model',
    ],
    'store/archive': ['store/journal', 'model'],
    'store/postgres/database': ['model', 'package'],
    'store/kill': ['store/disk', 'store', 'model'],
    'store/file': ['store/archive', 'store/journal', 'store/disk', 'store', 'json', 'model'],
    'store/journal': ['store/disk', 'store', 'json', 'model'],
    'store/disk': ['store', 'model'],
    store: ['model'],
    backpressure: ['model'],
    json: ['model'],
  },
  'apps/console': {
    live: ['api', 'json', 'router'],
    rule: ['json'],
    'screens/flags': ['live', 'router', 'screens/flags/editor', 'screens/flags/list', 'ui'],
    'screens/flags/draft': ['api', 'json', 'live'],
    'screens/flags/editor': [
      'api',
      'json',
      'live',
      'router',
      'rule',
      'screens/flags/draft',
      'screens/flags/json-editor',
      'screens/flags/list',
      'screens/flags/preview',
      'screens/flags/usage',
      'ui',
    ],
    'screens/flags/json-editor': ['json', 'screens/flags/draft'],
    'screens/flags/list': [
      'json',
      'live',
      'router',
      'rule',
      'screens/flags/draft',
      'screens/flags/usage',
      'ui',
    ],
    'screens/flags/preview': ['api', 'json', 'live', 'router', 'rule', 'screens/flags/draft', 'ui'],
    'screens/flags/usage': ['api', 'live', 'ui'],
    'screens/history': ['api', 'json', 'live', 'router', 'screens/flags/preview', 'ui'],
    'screens/kill': ['api', 'json', 'live', 'router', 'ui'],
    'screens/lanes': ['api', 'live', 'router', 'ui'],
    'screens/map': ['api', 'live', 'router', 'ui'],
    'screens/rollouts': [
      'live',
      'router',
      'screens/rollouts/live',
      'screens/rollouts/model',
      'screens/rollouts/start',
      'ui',
    ],
    'screens/rollouts/live': [
      'api',
      'json',
      'live',
      'router',
      'screens/flags/draft',
      'screens/rollouts/model',
      'screens/rollouts/plots',
      'ui',
    ],
    'screens/rollouts/model': ['api', 'json', 'ui'],
    'screens/rollouts/plots': ['screens/rollouts/model', 'ui'],
    'screens/rollouts/start': ['api', 'json', 'live', 'router', 'screens/rollouts/model', 'ui'],
    'screens/server': ['api', 'live', 'router', 'ui'],
    shell: [
      'api',
      'live',
      'router',
      'screens/flags',
      'screens/history',
      'screens/kill',
      'screens/lanes',
      'screens/map',
      'screens/rollouts',
      'screens/server',
      'ui',
    ],
    ui: ['api', 'router'],
  },
  'apps/demo': {
    services: ['support'],
  },
};

/** Packages that must run anywhere: no Node built-ins, no dependencies at run time. */
const pure = ['packages/flags', 'packages/rollout'];

const folders = ['packages', 'apps'].flatMap((folder) =>
  readdirSync(`${root}${folder}`).map((name) => `${folder}/${name}`),
);

describe('the layers', () => {
  test('are drawn for every package', () => {
    expect(folders.toSorted()).toEqual(Object.keys(arrows).toSorted());
  });

  test.each(folders)('%s imports only what lies below it', (folder) => {
    const ours = imports(folder).filter((name) => name.startsWith('@graylane/'));
    expect(ours.filter((name) => !arrows[folder]?.includes(packageOf(name)))).toEqual([]);
  });

  test.each(folders)('%s declares every package that it imports', (folder) => {
    const manifest = JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8')) as Manifest;
    const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
    const foreign = imports(folder).filter((name) => !name.startsWith('.') && !name.startsWith('node:'));
    expect(foreign.filter((name) => !(packageOf(name) in declared))).toEqual([]);
  });

  test.each(pure)('%s is pure: it imports nothing but itself', (folder) => {
    expect(imports(folder).filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  test.each(Object.keys(rooms))('%s has the folders that are drawn, and arrows that point down', (folder) => {
    const drawn = rooms[folder] ?? {};
    const undrawn = roomArrows(folder).filter(([from, to]) => !drawn[from]?.includes(to));
    expect(undrawn.map((arrow) => arrow.join(' -> '))).toEqual([]);
  });

  test.each(folders)('no folders and files of %s import each other in a circle', (folder) => {
    const below = new Map<string, Set<string>>();
    for (const [from, to] of moduleArrows(folder)) {
      below.set(from, (below.get(from) ?? new Set()).add(to));
    }
    const circles = [...below.keys()].filter((start) => reaches(below, start, start));
    expect(circles).toEqual([]);
  });

  test('no folder holds more than fourteen files that a reader must scan', () => {
    const sizes = new Map<string, number>();
    for (const file of folders.flatMap((folder) => sources(`${folder}/src`))) {
      const folder = dirname(file);
      if (!folder.includes('/gen')) sizes.set(folder, (sizes.get(folder) ?? 0) + 1);
    }
    expect([...sizes].filter(([, size]) => size > 14)).toEqual([]);
  });

  test('no file reaches into another package by a relative path', () => {
    const escaping = folders.flatMap((folder) =>
      sources(`${folder}/src`).filter((file) => {
        const depth = file.slice(`${folder}/`.length).split('/').length - 1;
        return specifiers(file).some((name) => name.startsWith('../'.repeat(depth)));
      }),
    );
    expect(escaping).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  const page = readFileSync(`${root}docs/architecture.md`, 'utf8');

  test('has the arrows between packages', () => {
    const rows = [...page.matchAll(/^\| `((?:packages|apps)\/\w+)` +\|(.*)\|$/gm)];
    const drawn = rows.map(([, folder = '', cell = '']) => [
      folder,
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name).toSorted(),
    ]);
    const checked = Object.entries(arrows).map(([folder, names]) => [folder, names.toSorted()]);
    expect(Object.fromEntries(drawn)).toEqual(Object.fromEntries(checked));
  });

  test('names only files and folders that exist', () => {
    const paths = [...page.matchAll(/`((?:packages|apps|test)\/[^`]+)`/g)].map(([, path = '']) => path);
    expect(paths.length).toBeGreaterThan(30);
    expect(paths.filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
  });
});

/**
 * The imports between folders of a package; files beside the folders compose them, or serve them
 * all.
 */
function roomArrows(folder: string): [from: string, to: string][] {
  return moduleArrows(folder).filter(([from, to]) => ![from, to].some((module) => /\.tsx?$/.test(module)));
}

/** The imports between the folders of a package, and the files that stand beside them. */
function moduleArrows(folder: string): [from: string, to: string][] {
  const module = (file: string): string => {
    const path = posix.relative(`${folder}/src`, file);
    return posix.dirname(path) === '.' ? path : posix.dirname(path);
  };
  return sources(`${folder}/src`)
    .filter((file) => !file.includes('/gen/'))
    .flatMap((file) =>
      specifiers(file)
        .filter((name) => name.startsWith('.') && !name.includes('/gen/'))
        .map((name): [string, string] => [module(file), module(posix.join(posix.dirname(file), name))]),
    )
    .filter(([from, to]) => from !== to);
}

function reaches(below: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [...(below.get(from) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === to) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(below.get(next) ?? []));
  }
  return false;
}

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

function imports(folder: string): string[] {
  return sources(`${folder}/src`).flatMap(specifiers);
}

function sources(folder: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => `${folder}/${file}`);
}

function specifiers(file: string): string[] {
  const text = readFileSync(`${root}${file}`, 'utf8');
  const pattern =
    /^\s*(?:import|export)\b[^;]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function packageOf(name: string): string {
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/');
}
