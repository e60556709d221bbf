// One cell of the matrix: drives the library named by LIBRARY through our adapter, and prints what
// crossed the wire as JSON.
import { getActiveLane } from '@graylane/baggage';
import { runInMessage } from '@graylane/baggage/kafka';
import { context, createContextKey, propagation, trace } from '@opentelemetry/api';
import { received } from './receivers.js';

const { LIBRARY } = process.env;
const dye = 'lane=gray,user-id=ada';
const accept = { mode: 'accept', keys: ['lane'] };
/** What `suppressTracing` of @opentelemetry/core sets. */
const suppressed = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
const traceparent = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';
const results = {};
const { clients, server, about } = await import(`./${LIBRARY}.js`);
if (about) results.about = about();

if (clients) {
  const egress = (...friends) => ({ to: Object.fromEntries(friends.map((friend) => [friend, ['lane']])) });
  const { wrapped, bare, more, close } = await clients(egress, dye);
  const suppressing = (fn) => context.with(context.active().setValue(suppressed, true), fn);
  const cases = {
    named: () => inRequest(() => wrapped('friend')),
    replaced: () => inRequest(() => wrapped('friend', { baggage: 'lane=stale' })),
    reused: () => reuse(wrapped),
    stranger: () => inRequest(() => wrapped('stranger')),
    'stranger, by hand': () => inRequest(() => wrapped('stranger', { baggage: dye })),
    suppressed: () => inRequest(() => suppressing(() => wrapped('friend'))),
    'suppressed, bare': () => inRequest(() => suppressing(() => bare('stranger'))),
    bare: () => inRequest(() => bare('stranger')),
    ...Object.fromEntries(Object.entries(more).map(([name, run]) => [name, () => inRequest(run)])),
  };
  for (const [name, run] of Object.entries(cases)) {
    const before = received.length;
    await run();
    results[name] = received.slice(before);
  }
  await close();
}

if (server) {
  for (const [name, ingress] of [
    ['stripped', { mode: 'strip' }],
    ['accepted', accept],
    ['unwrapped', undefined],
  ]) {
    const { call, close } = await server(ingress, sighting);
    const other = ingress ? {} : { baggage: 'lane=dead' };
    results[name] = [await call({ baggage: dye, traceparent }), await call({ ...other, traceparent })];
    await close();
  }
}

process.stdout.write(`${JSON.stringify(results)}\n`, () => process.exit(0));

/** Runs as a request does that came in with the dye. */
function inRequest(fn) {
  return runInMessage(
    { headers: { baggage: dye } },
    { ingress: { mode: 'accept', keys: ['lane', 'user-id'] } },
    fn,
  );
}

/** The same headers for a dyed call and then for one that isn't. */
async function reuse(wrapped) {
  const headers = { 'x-id': '7' };
  await inRequest(() => wrapped('friend', headers));
  await wrapped('friend', headers);
}

/**
 * What a handler sees: the lane, all baggage that OpenTelemetry shows, and whether it is in the
 * caller's trace.
 */
function sighting() {
  const members = propagation.getActiveBaggage()?.getAllEntries() ?? [];
  const traced = traceparent.includes(trace.getActiveSpan()?.spanContext().traceId);
  const baggage = members.map(([key, { value }]) => `${key}=${value}`);
  return [getActiveLane(), ...baggage, ...(traced ? ['traced'] : [])].join(' ');
}
