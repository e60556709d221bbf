import { createHmac, createSecretKey } from 'node:crypto';
import {
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type Context,
  type TextMapPropagator,
} from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import { admit, emit, getLane, GraylaneBaggagePropagator, runInLane } from '@graylane/baggage';
import { compare, timed, type Row } from '../support/bench.ts';

const contenders: readonly [name: string, propagator: TextMapPropagator][] = [
  ['stock propagator', new W3CBaggagePropagator()],
  ['graylane', new GraylaneBaggagePropagator()],
];
const sizes = [1, 4, 16, 64];
const peers = ['@opentelemetry/core'];

await compare({
  question: 'What does it cost to extract a header and to forward it unchanged?',
  unit: 'ns',
  peers,
  rows: [
    ...rows('plain', plain, (propagator, header) => inject(propagator, extract(propagator, header))),
    ...rows('encoded', encoded, (propagator, header) => inject(propagator, extract(propagator, header))),
  ],
});

await compare({
  question: 'What does it cost to extract a header?',
  unit: 'ns',
  peers,
  note: 'graylane reads a header when somebody looks. The questions below look.',
  rows: [...rows('plain', plain, extract), ...rows('encoded', encoded, extract)],
});

await compare({
  question: 'What does it cost to extract a header and to read the lane?',
  unit: 'ns',
  peers,
  rows: rows('plain', plain, (propagator, header) =>
    baggageOf(extract(propagator, header))?.getEntry('lane'),
  ),
});

await compare({
  question: 'What does it cost to extract a header and to read all of it?',
  unit: 'ns',
  peers,
  rows: [
    ...rows('plain', plain, (propagator, header) => baggageOf(extract(propagator, header))?.getAllEntries()),
    ...rows('encoded', encoded, (propagator, header) =>
      baggageOf(extract(propagator, header))?.getAllEntries(),
    ),
  ],
});

await compare({
  question: 'What does it cost to extract a header, to set one member and to send the result?',
  unit: 'ns',
  peers,
  rows: rows('plain', plain, (propagator, header) => {
    const otelContext = extract(propagator, header);
    const changed = baggageOf(otelContext)?.setEntry('region', { value: 'cn-shenzhen' });
    return changed && inject(propagator, propagation.setBaggage(otelContext, changed));
  }),
});

const key = { id: '2026-11', secret: 'a secret of a bit more than 32 bytes' };
const verify = { mode: 'verify', signingKeys: [key], audience: 'shop' } as const;
const accept = { mode: 'accept', keys: ['lane'] } as const;
const secret = createSecretKey(Buffer.from(key.secret));
/** As many lanes as are marked in as many seconds: enough that a verifier has forgotten the first when it comes again. */
const many = 4096;
const marks = Array.from({ length: many }, (_, index) => ({
  text: JSON.stringify(['graylane', '1', 'shop', '1790000000', '2026-11', 'lane', `gray-${index}`]),
  header: runInLane(`gray-${index}`, () => emit(context.active(), { to: { any: ['lane'] } }, 'any') ?? '', {
    sign: { key, audience: 'shop' },
    ttlSeconds: 3600,
  }),
}));
let calls = 0;
const mark = (among: number): { text: string; header: string } =>
  marks[(calls += 1) % among] ?? { text: '', header: '' };

await compare({
  question: 'What does it cost to verify a signed lane?',
  unit: 'ns',
  note: 'To admit is to read the header, to check its signature, expiry and hops, and to make the OTel context of the request. Requests that are marked within one second bear the same mark; a mark that was verified is known.',
  rows: [
    {
      name: 'one request',
      contenders: [
        warm('HMAC-SHA256 of node:crypto alone', () =>
          createHmac('sha256', secret).update(mark(many).text).digest('base64url'),
        ),
        warm('admit, a mark that is new', () => getLane(admit([mark(many).header], verify, ROOT_CONTEXT))),
        warm('admit, a mark that is known', () => getLane(admit([mark(10).header], verify, ROOT_CONTEXT))),
        warm('admit, mode accept, unsigned', () =>
          getLane(admit([`lane=gray-${(calls += 1) & 63}`], accept, ROOT_CONTEXT)),
        ),
      ],
    },
  ],
});

/** Many small functions take many calls before all of them are compiled. */
function warm(name: string, operation: () => unknown): ReturnType<typeof timed> {
  for (let call = 0; call < 50_000; call += 1) operation();
  return timed(name, operation);
}

/** One row a size; the keys and values are those of a shop, in headers that differ, as those of requests do. */
function rows(
  name: string,
  member: (index: number, request: number) => string,
  work: (propagator: TextMapPropagator, header: string) => unknown,
): Row[] {
  return sizes.map((size) => {
    const headers = Array.from({ length: 64 }, (_, request) =>
      ['lane=gray', ...Array.from({ length: size - 1 }, (_member, index) => member(index, request))].join(
        ',',
      ),
    );
    const [stock, ours] = contenders.map(([contender, propagator]) => {
      let turn = 0;
      return timed(contender, () => work(propagator, headers[(turn += 1) & 63] ?? ''));
    });
    if (stock === undefined || ours === undefined) throw new Error('two contenders are compared');
    return { name: `${size} ${name}`, contenders: [stock, ours] };
  });
}

function plain(index: number, request: number): string {
  return `key-${index}=value-${request}-${index}`;
}

function encoded(index: number, request: number): string {
  return `key-${index}=%E7%81%B0%E5%BA%A6%20${request}-${index}`;
}

function extract(propagator: TextMapPropagator, baggage: string): Context {
  return propagator.extract(ROOT_CONTEXT, { baggage }, defaultTextMapGetter);
}

function inject(propagator: TextMapPropagator, otelContext: Context): unknown {
  const carrier = {};
  propagator.inject(otelContext, carrier, defaultTextMapSetter);
  return carrier;
}

function baggageOf(otelContext: Context): ReturnType<typeof propagation.getBaggage> {
  return propagation.getBaggage(otelContext);
}
