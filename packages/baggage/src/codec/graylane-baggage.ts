import type { Baggage, BaggageEntry } from '@opentelemetry/api';
import type { LazyBaggage } from './lazy-baggage.ts';

/**
 * Baggage of ours, whose members are written as they leave: what it holds is known without asking
 * OpenTelemetry's interface.
 */
export abstract class GraylaneBaggage implements Baggage {
  /** The baggage as it is now. */
  abstract get current(): LazyBaggage;

  /** The baggage as it leaves. */
  get outgoing(): LazyBaggage {
    return this.current;
  }

  /** Whether an adapter hides it for now, because it sends itself what may be sent. */
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
