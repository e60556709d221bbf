import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { GraylaneProvider } from '@graylane/provider';
import type { FlagSink, FlagSource } from '@graylane/source';
import type { Logger } from '@openfeature/server-sdk';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { afterEach, describe, expect, test } from 'vitest';

const flag = (value: boolean): object => ({
  state: 'ENABLED',
  variants: { on: value },
  defaultVariant: 'on',
});

/** A source that a test drives. */
class Driven implements FlagSource {
  readonly id = 'driven';
  sink!: FlagSink;

  start(sink: FlagSink): void {
    this.sink = sink;
  }

  close(): void {
    // There is nothing to release.
  }

  deliver(flags: object, revision: string): void {
    if (this.sink.update({ flags }, revision)) this.sink.live();
  }
}

let provider: GraylaneProvider;

afterEach(async () => {
  await provider.onClose();
  diag.disable();
});

describe('a provider logs', () => {
  test('when its flags are ready, change, may be old, and are the newest again: each once', async () => {
    const lines: string[] = [];
    const source = new Driven();
    provider = new GraylaneProvider({ source, logger: loggerTo(lines) });
    const started = provider.initialize();
    for (let tries = 0; tries < 3; tries += 1) source.sink.stale('the server is away');
    source.deliver({ a: flag(true) }, '1');
    await started;
    source.deliver({ a: flag(false), b: flag(true) }, '2');
    for (let tries = 0; tries < 3; tries += 1) source.sink.stale('the server is away');
    source.sink.stale('the server is broken');
    source.sink.live();
    source.sink.refused('the token is wrong');
    source.deliver(Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`k${at}`, flag(true)])), '3');
    expect(lines).toEqual([
      'warn graylane: the server is away',
      'info graylane: flags are ready at revision 1',
      'info graylane: revision 2 changed "a", "b"',
      'warn graylane: the server is away',
      'warn graylane: the server is broken',
      'info graylane: flags are ready at revision 2',
      'error graylane: the token is wrong',
      'info graylane: revision 3 changed "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9" and 4 more',
      'info graylane: flags are ready at revision 3',
    ]);
  });

  test('no more than ten different troubles until the flags are the newest again', async () => {
    const lines: string[] = [];
    const source = new Driven();
    provider = new GraylaneProvider({ source, logger: loggerTo(lines) });
    const started = provider.initialize();
    for (let tries = 0; tries < 100; tries += 1) source.sink.stale(`trouble ${tries}`);
    source.deliver({}, '1');
    await started;
    expect(lines).toHaveLength(11);
  });

  test("to OpenTelemetry's diag without a logger", async () => {
    const lines: string[] = [];
    const write =
      (level: string) =>
      (...words: unknown[]) =>
        void lines.push([level, ...words].join(' '));
    diag.setLogger(
      { error: write('error'), warn: write('warn'), info: write('info'), debug: () => {}, verbose: () => {} },
      { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
    );
    const source = new Driven();
    provider = new GraylaneProvider({ source });
    const started = provider.initialize();
    source.sink.stale('the server is away');
    source.deliver({}, '1');
    await started;
    expect(lines).toEqual([
      'warn @graylane/provider graylane: the server is away',
      'info @graylane/provider graylane: flags are ready at revision 1',
    ]);
  });

  test('that it starts on cached flags, and why', async () => {
    const folder = mkdtempSync(`${tmpdir()}/graylane-log-`);
    try {
      const cacheFile = `${folder}/cache`;
      const first = new Driven();
      provider = new GraylaneProvider({ source: first, cacheFile });
      const started = provider.initialize();
      first.deliver({ a: flag(true) }, '7');
      await started;
      await provider.onClose();
      const lines: string[] = [];
      const source = new Driven();
      provider = new GraylaneProvider({ source, cacheFile, logger: loggerTo(lines) });
      await provider.initialize();
      expect(lines).toEqual([
        'warn graylane: starting on the cached flags of revision 7: the source has not responded yet',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('without harm to the flags if the logger throws', async () => {
    const broken = (): never => {
      throw new Error('disk full');
    };
    const source = new Driven();
    provider = new GraylaneProvider({
      source,
      logger: { error: broken, warn: broken, info: broken, debug: broken },
    });
    const started = provider.initialize();
    source.sink.stale('the server is away');
    source.deliver({ a: flag(true) }, '1');
    await started;
    expect(provider.resolveBooleanEvaluationSync('a', false, {}).value).toBe(true);
  });
});

function loggerTo(lines: string[]): Logger {
  const write = (level: string) => (message: unknown) => void lines.push(`${level} ${String(message)}`);
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}
