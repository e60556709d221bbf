import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { ProxyTracerProvider, trace, type ContextManager } from '@opentelemetry/api';
import { instrumentLanes } from '../instrument-lanes.ts';
import type { MetricsSource } from '../management/metrics-endpoint.ts';
import { LaneContextManager } from '../profiles/lane-context-manager.ts';
import { create } from './exporters.ts';
import { instrumentations } from './instrumentations.ts';
import type { Peers } from './peers.ts';
import { pipelines } from './pipelines.ts';
import { propagatorOf } from './propagator.ts';
import type { Settings } from './settings.ts';

/** An SDK that runs. */
export interface StartedSdk {
  /** For the line that lists what was started. */
  readonly summary: readonly string[];
  readonly metricsSource: MetricsSource | undefined;
  shutdown(this: void): Promise<void>;
}

interface NodeSdk {
  start(): void;
  shutdown(): Promise<void>;
}

const sdkNode = '@opentelemetry/sdk-node';

/**
 * Starts the OpenTelemetry SDK that is installed, of 2.x or 3.x; returns the reason if it can't.
 */
export function startSdk(settings: Settings, peers: Peers, env: NodeJS.ProcessEnv): StartedSdk | string {
  if (settings.isSdkDisabled) return 'no OpenTelemetry SDK (OTEL_SDK_DISABLED)';
  if (isRegistered()) {
    return 'another OpenTelemetry SDK was started before: place --import @graylane/telemetry/register first';
  }
  const exports = peers.load(sdkNode) as { NodeSDK: new (options: object) => NodeSdk } | undefined;
  if (exports === undefined) return 'no OpenTelemetry SDK';
  const load = peers.of(sdkNode);
  const lanes = instrumentLanes({ lanes: settings.lanes, baggage: settings.baggage });
  const { metricsSource, ...processors } = pipelines(settings, lanes, load, env);
  const instrumented = instrumentations(peers, load);
  hookEsm(peers);
  const manager = create(load, '@opentelemetry/context-async-hooks', 'AsyncLocalStorageContextManager');
  const sdk = new exports.NodeSDK({
    ...processors,
    views: lanes.views,
    contextManager: new LaneContextManager(manager as ContextManager).enable(),
    textMapPropagator: propagatorOf(settings.propagators, load),
    instrumentations: instrumented.map(({ instance }) => instance),
  });
  sdk.start();
  return {
    summary: [
      ...Object.entries(settings.exporters).map(
        ([signal, names]) => `${signal} ${names.join('+') || 'none'}`,
      ),
      `instrumented ${instrumented.map(({ name }) => name).join(', ') || 'nothing'}`,
    ],
    metricsSource,
    shutdown: async () => sdk.shutdown(),
  };
}

function isRegistered(): boolean {
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider && provider.getDelegateTracer('graylane') !== undefined;
}

/** Lets instrumentations patch what an ESM application imports. */
function hookEsm(peers: Peers): void {
  const hook = peers.resolve('@opentelemetry/instrumentation/hook.mjs');
  if (hook !== undefined) register(pathToFileURL(hook));
}
