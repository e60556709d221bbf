// A process that is many services at once, for a benchmark: `followers.ts graylane|flagd PORT
// COUNT` opens so many providers on the message "open", sends "changed" when each of them has seen
// a change after that, and closes them on the message "close".
import { GraylaneProvider } from '@graylane/provider';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { ProviderEvents, type Provider } from '@openfeature/server-sdk';

const [kind, port, count] = process.argv.slice(2);
let providers: Provider[] = [];

process.on('message', (message) => void (message === 'open' ? open() : close()));
process.once('disconnect', () => process.exit());
process.send?.('started');

async function open(): Promise<void> {
  providers = Array.from({ length: Number(count) }, provider);
  await Promise.all(providers.map(async (one) => one.initialize?.()));
  // The first rules may also arrive as a change; only later ones count.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const changes = providers.map(changed);
  process.send?.('opened');
  await Promise.all(changes);
  process.send?.('changed');
}

async function close(): Promise<void> {
  await Promise.all(providers.map(async (one) => one.onClose?.()));
  process.send?.('closed');
}

async function changed(one: Provider): Promise<void> {
  await new Promise<void>((resolve) => {
    one.events?.addHandler(ProviderEvents.ConfigurationChanged, () => resolve());
  });
}

function provider(): Provider {
  if (kind === 'graylane') return new GraylaneProvider({ source: { url: `http://127.0.0.1:${port}` } });
  return new FlagdProvider({
    host: '127.0.0.1',
    port: Number(port),
    resolverType: 'in-process',
    deadlineMs: 10_000,
  });
}
