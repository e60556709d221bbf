import type { Baggage, BaggageEntry } from '@opentelemetry/api';
import type { LazyBaggage } from './lazy-baggage.ts';

/**
 * Graylane's own implementations of baggage. Their members are available as they are sent, without
 * going through OpenTelemetry's interface.
 */
export abstract class GraylaneBaggage implements Baggage {
  /** The baggage as it is now. */
  abstract get current(): LazyBaggage;

  /** The baggage as it leaves. */
  get outgoing(): LazyBaggage {
    return this.current;
  }

  /** Whether an adapter hides it for now, because the adapter itself sends the allowed members. */
  get isHidden(): boolean {
    return false;
  }

  abstract setEntry(key: string, entry: BaggageEntry): Baggage;
  abstract removeEntry(key: string): Baggage;
  abstract removeEntries(...keys: string[]): Baggage;
  abstract clear(): Baggage;

  getEntry(key: string): BaggageEntry | undefined {
    return this.current.getEntry(key);
  }

  getAllEntries(): [string, BaggageEntry][] {
    return this.current.getAllEntries();
  }
}
