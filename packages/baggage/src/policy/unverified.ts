import { propagation, type Context } from '@opentelemetry/api';
import { LazyBaggage } from '../codec/lazy-baggage.ts';
import { report } from '../report.ts';
import { getCell } from '../request/context.ts';
import { allowedKeys, type EgressPolicy } from './egress.ts';

/**
 * Counts a request whose baggage stayed here because its connection may lead elsewhere, and logs
 * the first for each destination. A request that had none to send there counts for nothing.
 */
export function reportUnverified(otelContext: Context, policy: EgressPolicy, destination: string): void {
  const baggage = getCell(otelContext) && propagation.getBaggage(otelContext);
  if (baggage === undefined || LazyBaggage.of(baggage).size === 0) return;
  if (allowedKeys(policy, destination) === undefined) return;
  report(
    'unverified',
    destination,
    () =>
      `a request called "${destination}" without its baggage, since code of the application opens the connection (an agent, createConnection, undici's connect or socketPath), and it may lead elsewhere: set trustConnectors: true if it leads there`,
    policy.logger,
  );
}
