// A process that is many services at once: `herd.ts URL COUNT` follows a flag server with so many providers, says "ready" when all have
// rules, and answers each message with how many have the version that it names.
import { GraylaneProvider } from '@graylane/provider';

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
    process.send?.(answers.filter(({ value }) => value === version).length);
  });
});
process.once('disconnect', () => process.exit());
