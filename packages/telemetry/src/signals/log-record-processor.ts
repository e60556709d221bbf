import { context, type AttributeValue, type Context } from '@opentelemetry/api';
import { requestOf, signalAttributes, type SignalAttributeOptions } from '../lanes/lane-of.ts';

/** The part of the SDK's log record that a processor uses, the same in 2.x and 3.x. */
interface SdkLogRecord {
  setAttribute(key: string, value: AttributeValue): unknown;
}

/**
 * Writes the lane, tags and allowed baggage on each log record, also outside of a span. Its place
 * is before the exporting processor. Implements the log record processor of SDK 2.x and 3.x.
 */
export class LaneLogRecordProcessor {
  readonly #keys: readonly string[];

  constructor({ baggage = [] }: SignalAttributeOptions = {}) {
    this.#keys = baggage;
  }

  onEmit(record: SdkLogRecord, otelContext: Context = context.active()): void {
    for (const [key, value] of Object.entries(signalAttributes(requestOf(otelContext), this.#keys))) {
      if (value !== undefined) record.setAttribute(key, value);
    }
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}
