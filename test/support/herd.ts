// A process that is many services at once: `herd.ts URL COUNT` follows a flag server with so many
// providers, sends "ready" when all have rules, and replies to each message with the number of
// providers that have the version in it, and the times of the reconnects that the others chose.
import { GraylaneProvider } from '@graylane/provider';

/** The reply to the test. */
export interface HerdReport {
  readonly current: number;
  /** The chosen moments, in milliseconds, in the order in which they were chosen. */
  readonly knocks: readonly number[];
}

// A busy machine delays a thousand clients, so the chosen times count, not the observed ones. They
// are drawn at random, so unlike all other delays they are not whole numbers.
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
