import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compare, type Contender } from '../support/bench.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const peers = ['@openfeature/server-sdk', '@opentelemetry/api'];

/**
 * The CPU time, in ms, of a new process that loads modules, beyond that of a process that loads
 * none.
 */
function loading(name: string, ...modules: readonly string[]): Contender {
  return { name, sample: () => cpuOf(modules) - cpuOf([]) };
}

function cpuOf(modules: readonly string[]): number {
  const program = [
    ...modules.map((module) => `await import('${module}');`),
    'const { user, system } = process.cpuUsage(); console.log((user + system) / 1000);',
  ].join('\n');
  const args = ['--input-type=module', '--eval', program];
  return Number(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }));
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
