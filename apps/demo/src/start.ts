import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChildService } from './support/child-service.ts';
import { printGuide } from './guide.ts';
import { portSetting, setting } from './support/setting.ts';
import { startTraffic } from './traffic.ts';

const flagsFile = process.env['GRAYLANE_FLAGS'] ?? copyOfFlags();
const kafkaBrokers = process.env['KAFKA_BROKERS'];
const hasTraffic = process.env['GRAYLANE_DEMO_TRAFFIC'] !== 'off';
const running: ChildService[] = [];
let stopTraffic = (): void => {};

process.once('SIGINT', () => void stop(0));
process.once('SIGTERM', () => void stop(0));

try {
  const flagServer = process.env['GRAYLANE_URL'] ? undefined : ChildService.flagServer(flagsFile);
  const url = flagServer ? `http://127.0.0.1:${await start(flagServer)}` : setting('GRAYLANE_URL');
  const shared = {
    // A line for each hop of the shop's own traffic would hide the guide.
    ...(hasTraffic && { LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn' }),
    GRAYLANE_URL: url,
  };
  const ledgerPort = kafkaBrokers ? await start(ChildService.shop('ledger', shared)) : undefined;
  if (ledgerPort === undefined) {
    console.log('  ledger       not started: set KAFKA_BROKERS (host:port) to let Kafka take part');
  }
  const paymentsPort = await start(ChildService.shop('payments', shared));
  const ordersPort = await start(
    ChildService.shop('orders', { ...shared, PAYMENTS_TARGET: `127.0.0.1:${paymentsPort}` }),
  );
  const gatewayPort = await start(
    ChildService.shop('gateway', {
      ...shared,
      ORDERS_URL: `http://127.0.0.1:${ordersPort}`,
      ...(ledgerPort === undefined ? {} : { LEDGER_URL: `http://127.0.0.1:${ledgerPort}` }),
      GATEWAY_PORT: String(portSetting('GATEWAY_PORT', 3000)),
    }),
  );
  const gateway = `http://127.0.0.1:${gatewayPort}`;
  if (hasTraffic) stopTraffic = startTraffic(gateway);
  printGuide({
    gateway,
    hasTraffic,
    flagServer: url,
    flagServerPid: flagServer?.pid,
    flagsFile,
    kafka: ledgerPort !== undefined,
  });
} catch (error) {
  console.error(`graylane: ${error instanceof Error ? error.message : String(error)}`);
  await stop(1);
}

async function start(service: ChildService): Promise<number> {
  running.push(service);
  const port = await service.ready();
  console.log(`  ${service.name.padEnd(12)} ready on 127.0.0.1:${port}`);
  return port;
}

/** Ends the services in the order of a request, so that none calls one that has ended. */
async function stop(exitCode: number): Promise<void> {
  console.log('graylane: stopping ...');
  stopTraffic();
  for (const service of running) service.expectEnd();
  for (const service of running.toReversed()) await service.stop();
  process.exit(exitCode);
}

/**
 * A copy of the demo's flags, made at each start: writes must not change a file that git tracks.
 */
function copyOfFlags(): string {
  const copy = fileURLToPath(new URL('../../../.graylane/demo/flags.json', import.meta.url));
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(fileURLToPath(new URL('../flags.json', import.meta.url)), copy);
  return copy;
}
