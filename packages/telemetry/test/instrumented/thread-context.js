// Prints, as JSON, the lane and trace of the record that a profiler outside of the process would
// read, before and after a request is dyed.
import { getActiveCell, runInLane } from '@graylane/baggage';
import { context, trace } from '@opentelemetry/api';
import { otelThreadCtx } from '@datadog/pprof';

const read = () => {
  const bytes = otelThreadCtx.getContext()?.debugBytes();
  const text = Buffer.from(bytes ?? []);
  return {
    lane: /gray|baseline/.exec(text.toString('latin1'))?.[0] ?? '',
    hasTrace: text.includes(
      Buffer.from(trace.getActiveSpan()?.spanContext().traceId ?? 'ff'.repeat(16), 'hex'),
    ),
  };
};
const outside = read();
const inside = await runInLane('baseline', () =>
  trace.getTracer('test').startActiveSpan('work', async (span) => {
    const before = read();
    getActiveCell().dye('gray');
    await new Promise((resolve) => setImmediate(resolve));
    const after = await context.with(trace.setSpan(context.active(), span), async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return read();
    });
    span.end();
    return { before, after };
  }),
);
console.log(JSON.stringify({ outside, ...inside }));
process.exit();
