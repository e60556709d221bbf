import type { Context } from '@opentelemetry/api';
import { ensureContextManager } from './context-manager.ts';
import { count } from './counters.ts';
import type { IngressPolicy } from './policy.ts';
import { withPins } from './pins.ts';
import { RequestCell } from './request-cell.ts';
import { withCell } from './request-context.ts';
import { W3cBaggage } from './w3c-baggage.ts';

/** What adapters build on: the OTel context of a request that came with these `baggage` headers, as far as the policy lets them in. */
export function admit(headers: readonly string[], policy: IngressPolicy, otelContext: Context): Context {
  ensureContextManager();
  return withCell(otelContext, new RequestCell(admitted(headers, policy)));
}

/** The part of some `baggage` headers that a policy lets in. */
export function admitted(headers: readonly string[], policy: IngressPolicy): W3cBaggage {
  if (headers.length === 0) return W3cBaggage.empty;
  const offered = W3cBaggage.read(headers);
  const kept = policy.mode === 'accept' ? offered.filter(allowedBy(policy.keys)) : W3cBaggage.empty;
  const stripped = offered.members.size - kept.members.size;
  if (stripped > 0) count('stripped', stripped);
  return kept;
}

function allowedBy(keys: readonly string[]): (key: string) => boolean {
  const allowed = withPins(new Set(keys), 'lane');
  return (key) => allowed.has(key);
}
