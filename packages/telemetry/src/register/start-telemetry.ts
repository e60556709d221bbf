import { laneConsole } from '../logs/lane-console.ts';
import { evaluationHook } from '../flags/evaluation-hook.ts';
import { observeConfiguration, type OpenFeatureEvents } from '../flags/observe-configuration.ts';
import { instrumentLanes } from '../instrument-lanes.ts';
import { managementServer, type ManagementServer } from '../management/management-server.ts';
import type { MetricsSource } from '../management/metrics-endpoint.ts';
import { publishThreadContext } from '../profiles/thread-context.ts';
import { Peers } from './peers.ts';
import { readSettings, type Settings } from './settings.ts';
import { flushAtExit } from './flush-at-exit.ts';
import { showWarnings } from './show-warnings.ts';
import { startSdk } from './start-sdk.ts';

/** What was started. */
export interface StartedTelemetry {
  /**
   * Exports what is left. The end of the process does this, too; an application that ends itself
   * by `process.exit` waits for it.
   */
  shutdown(this: void): Promise<void>;
}

/**
 * Starts tracing, metrics, logs and the management port from the environment, and prints one line
 * with what it started. It never throws: if it can't start, the application runs without it.
 */
export async function startTelemetry(
  env: NodeJS.ProcessEnv = process.env,
  print: (line: string) => void = printLine,
): Promise<StartedTelemetry> {
  try {
    const { summary, shutdown } = await start(readSettings(env), env, print);
    print(summary);
    return { shutdown };
  } catch (error) {
    print(`could not start, and the application runs without it: ${String(error)}`);
    return { shutdown: async () => {} };
  }
}

async function start(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  print: (line: string) => void,
): Promise<StartedTelemetry & { readonly summary: string }> {
  showWarnings(env, print);
  const peers = new Peers();
  // Checks the names of the lanes also where there is no SDK.
  instrumentLanes({ lanes: settings.lanes });
  const sdk = startSdk(settings, peers, env);
  const parts = typeof sdk === 'string' ? [sdk] : [...sdk.summary];
  const shutdown = typeof sdk === 'string' ? async () => {} : flushAtExit(sdk.shutdown);
  if (countEvaluations(peers)) parts.push('flag evaluations');
  if (settings.isConsoleByLane) laneConsole();
  if (settings.hasThreadContext) parts.push(threadContext(peers));
  const url = await startManagement(settings, typeof sdk === 'string' ? undefined : sdk.metricsSource, print)
    ?.listening;
  if (url !== undefined) parts.push(`management port ${url}`);
  parts.push(`lanes ${['baseline', ...settings.lanes].join(', ')}`);
  if (peers.missing.length > 0) parts.push(`missing: npm install ${peers.missing.join(' ')}`);
  return { summary: parts.join('; '), shutdown };
}

function startManagement(
  { port, host, token, slis }: Settings,
  source: MetricsSource | undefined,
  log: (line: string) => void,
): ManagementServer | undefined {
  if (port === undefined) return undefined;
  return managementServer({
    port,
    host,
    log,
    ...(token === undefined ? {} : { token }),
    ...(slis === undefined ? {} : { slis }),
    metrics: source ? [source] : [],
  });
}

function threadContext(peers: Peers): string {
  const reason = publishThreadContext(peers.has('@datadog/pprof') ? peers.load('@datadog/pprof') : undefined);
  return reason === undefined ? 'thread context (lane is attribute 0)' : `no thread context: ${reason}`;
}

interface OpenFeatureSdk {
  readonly OpenFeature: OpenFeatureEvents & { addHooks(hook: object): void };
}

/** OpenFeature's API is one for the process: all copies that the application loads share it. */
function countEvaluations(peers: Peers): boolean {
  if (!peers.has('@openfeature/server-sdk')) return false;
  const exports = peers.load('@openfeature/server-sdk') as OpenFeatureSdk | undefined;
  exports?.OpenFeature.addHooks(evaluationHook());
  if (exports) observeConfiguration(exports.OpenFeature);
  return exports !== undefined;
}

/** Standard output belongs to the application. */
function printLine(line: string): void {
  console.error(`graylane telemetry: ${line}`);
}
