// A process that is many services at once: `herd.ts URL COUNT` follows a flag server with so many
// providers, says "ready" when all have rules, and answers each message with how many have the
// version that it names, and when those who lost the server chose to knock again.
import { GraylaneProvider } from '@graylane/provider';

/** What the test is told. */
export interface HerdReport {
  readonly current: number;
  /** The chosen moments, in milliseconds, in the order in which they were chosen. */
  readonly knocks: readonly number[];
}

// Nobody sees when a machine that is busy or stands still lets a thousand clients through; what
// they have chosen is what counts. It is drawn at random, so unlike all other delays it is no whole
// number.
const knocks: number[] = [];
const { setTimeout: start } = globalThis;
globalThis.setTimeout = Object.assign((...[run, ms = 0, ...rest]: Parameters<typeof start>) => {
  if (!Number.isInteger(ms)) knocks.push(performance.now() + ms);
  return start(run, ms, ...rest);
}, start);

const [url = '', count = '1'] = process.argv.slice(2);
const providers = Array.from(
  { length: Number(count) },
  () => new GraylaneProvider({ source: { url }, startTimeoutMs: 120_000 }),
);
await Promise.all(providers.map((provider) => provider.initialize()));
process.send?.('ready');
process.on('message', (version) => {
  const asked = providers.map((provider) => provider.resolveStringEvaluation('version', 'default', {}));
  void Promise.all(asked).then((answers) => {
    const current = answers.filter(({ value }) => value === version).length;
    process.send?.({ current, knocks } satisfies HerdReport);
  });
});
process.once('disconnect', () => process.exit());
