import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { addSection, compare, type Contender } from '../support/bench.ts';
import { selfTimes, type SelfTime } from '../support/self-time.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const peers = ['@openfeature/server-sdk', '@opentelemetry/api'];

/**
 * The CPU time, in ms, of a new process that loads modules, beyond that of a process that loads
 * none.
 */
function loading(name: string, ...modules: readonly string[]): Contender {
  return { name, sample: () => cpuOf(modules) - cpuOf([]) };
}

function cpuOf(modules: readonly string[], options: readonly string[] = []): number {
  const program = [
    ...modules.map((module) => `await import('${module}');`),
    'const { user, system } = process.cpuUsage(); console.log((user + system) / 1000);',
  ].join('\n');
  const args = [...options, '--input-type=module', '--eval', program];
  return Number(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }));
}

/** Our functions that take the most time while modules load: the mean over ten processes. */
function profileOf(...modules: readonly string[]): readonly SelfTime[] {
  const processes = 10;
  const folder = mkdtempSync(`${tmpdir()}/graylane-profile-`);
  const options = ['--cpu-prof', '--cpu-prof-interval', '100', '--cpu-prof-dir', folder];
  for (let count = 0; count < processes; count += 1) cpuOf(modules, options);
  const shares = new Map<string, number>();
  for (const file of readdirSync(folder)) {
    for (const { name, share } of selfTimes(`${folder}/${file}`)) {
      shares.set(name, (shares.get(name) ?? 0) + share / processes);
    }
  }
  rmSync(folder, { recursive: true });
  return Array.from(shares, ([name, share]) => ({ name, share })).toSorted(
    (one, other) => other.share - one.share,
  );
}

/** The size of a package as npm publishes it, in KB. */
function published(folder: string, size: 'size' | 'unpackedSize'): Contender {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: `${root}${folder}`,
      encoding: 'utf8',
    }),
  ) as [{ name: string; size: number; unpackedSize: number; entryCount: number }];
  const shown = size === 'size' ? 'packed' : `unpacked, ${packed.entryCount} files`;
  return { name: `${packed.name}, ${shown}`, sample: () => packed[size] / 1000 };
}

await compare({
  question: 'What CPU time does it take to load a package?',
  unit: 'ms',
  rounds: 15,
  peers,
  note: "Each sample is a process of its own, less one that loads nothing. The SDK is OpenFeature's, with OpenTelemetry's API: a service that evaluates flags has both. Most of what our packages add is Node's finding, reading and compiling of their files; the rest are node:crypto, which express and fetch load as well, and eventsource-parser.",
  rows: [
    {
      name: 'the SDK alone',
      contenders: [
        loading('the SDK', ...peers),
        loading('and @graylane/flags', ...peers, '@graylane/flags'),
        loading('and @graylane/baggage/express', ...peers, '@graylane/baggage/express'),
        loading('and @graylane/provider', ...peers, '@graylane/provider'),
        loading(
          'and provider, express, fetch',
          ...peers,
          '@graylane/provider',
          '@graylane/baggage/express',
          '@graylane/baggage/fetch',
        ),
      ],
    },
  ],
});

addSection(
  'Which functions of graylane take the most time while the provider is loaded?',
  'The shares of their own time in the CPU time of the process, the mean of ten profiles that sample every 100 us. The body of a module is an anonymous function. The rest is Node: it starts, finds and reads files, and compiles them.',
  [
    '| the three that take most | share |',
    '| --- | ---: |',
    ...profileOf(...peers, '@graylane/provider')
      .slice(0, 3)
      .map(({ name, share }) => `| ${name} | ${(100 * share).toFixed(1)} % |`),
  ],
);

await compare({
  question: 'How large is a package?',
  unit: 'KB',
  rounds: 1,
  note: 'The unpacked size contains source maps with the sources, types and the licence.',
  rows: ['flags', 'baggage', 'source', 'provider', 'telemetry', 'rollout'].map((name) => ({
    name,
    contenders: [published(`packages/${name}`, 'size'), published(`packages/${name}`, 'unpackedSize')],
  })),
});
