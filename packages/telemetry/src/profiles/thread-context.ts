import { getCell } from '@graylane/baggage';
import { isSpanContextValid, trace, type SpanContext } from '@opentelemetry/api';
import { laneProfiling } from './lane-profiler.ts';

/** A record that a profiler outside of the process reads (OTEP 4947). */
interface ThreadContext {
  run<T>(fn: () => T): T;
}

/** The part of `@datadog/pprof` that is used here, from 5.16 on. */
interface WithThreadContext {
  readonly otelThreadCtx?: {
    readonly ThreadContext: new (
      traceId: Uint8Array,
      spanId: Uint8Array,
      traceFlags: number,
      attributes: readonly string[],
    ) => ThreadContext;
    /** @throws {Error} where this Node can't publish records. */
    getProcessContextAttributes(keys: readonly string[]): unknown;
  };
}

/** The lane is attribute 0 of each record. */
const attributeKeys = ['lane'];

interface Published {
  readonly lane: string;
  readonly record: ThreadContext;
}

/**
 * Publishes the trace and the lane of the code that runs, for eBPF profilers outside of the process
 * (OpenTelemetry's thread context, which is experimental). Needs a `LaneContextManager`. Returns
 * undefined, or the reason why it can't.
 * @param pprof the exports of `@datadog/pprof`, if it is installed.
 */
export function publishThreadContext(pprof: unknown): string | undefined {
  if (process.platform !== 'linux') return `it exists on Linux alone, not on ${process.platform}`;
  if (pprof === undefined) return '@datadog/pprof is not installed: npm install @datadog/pprof';
  const { otelThreadCtx } = pprof as WithThreadContext;
  if (otelThreadCtx === undefined) return '@datadog/pprof is too old: install 5.16 or newer';
  try {
    otelThreadCtx.getProcessContextAttributes(attributeKeys);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const published = new WeakMap<SpanContext, Published>();
  laneProfiling().publish = (otelContext, fn) => {
    const span = trace.getSpanContext(otelContext);
    if (span === undefined || !isSpanContextValid(span)) return fn();
    const lane = getCell(otelContext)?.lane ?? '';
    let known = published.get(span);
    // A request that was dyed meanwhile gets another record.
    if (known?.lane !== lane) {
      const [traceId, spanId] = [Buffer.from(span.traceId, 'hex'), Buffer.from(span.spanId, 'hex')];
      const record = new otelThreadCtx.ThreadContext(traceId, spanId, span.traceFlags, [lane]);
      known = { lane, record };
      published.set(span, known);
    }
    return known.record.run(fn);
  };
  return undefined;
}
