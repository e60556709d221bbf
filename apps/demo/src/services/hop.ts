import { getActiveLane } from '@graylane/baggage';
import { flagClient } from './flag-client.ts';

/** A request as one service saw it: its lane, and the decisions of the flags. */
export interface Hop {
  readonly service: string;
  readonly transport: 'http' | 'grpc' | 'kafka';
  readonly lane: string;
  readonly flags: Readonly<Record<string, Decision>>;
}

/** The decision of one flag in one service. */
export interface Decision {
  readonly value: boolean;
  readonly variant: string;
  readonly reason: string;
}

const flagKeys = ['payment-new-fee-calculation', 'receipt-redesign'];

/**
 * Describes the active request as this service sees it. No evaluation context is passed: the
 * provider takes all it needs from the baggage.
 */
export function describeHop(service: string, transport: Hop['transport']): Hop {
  const decisions = flagKeys.map((key) => [key, decide(key)] as const);
  return { service, transport, lane: getActiveLane(), flags: Object.fromEntries(decisions) };
}

function decide(key: string): Decision {
  const { value, variant = '', reason = 'UNKNOWN' } = flagClient.getBooleanDetailsSync(key, false);
  return { value, variant, reason };
}
