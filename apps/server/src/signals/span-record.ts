import type { Attributes, Source } from './source.ts';

/** A finished span, as a service exported it. */
export interface SpanRecord {
  readonly source: Source;
  /** In hexadecimal, 32 digits. */
  readonly traceId: string;
  /** In hexadecimal, 16 digits. */
  readonly spanId: string;
  /** Undefined for the root of a trace. */
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  /** By the clock of the service, in milliseconds since 1970, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** Whether its status is an error. */
  readonly failed: boolean;
  /** The message of an error, or undefined. */
  readonly statusMessage: string | undefined;
}

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
