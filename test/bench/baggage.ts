import { createHmac, createSecretKey } from 'node:crypto';
import {
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type BaggageEntry,
  type Context,
  type TextMapPropagator,
} from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import {
  admit,
  emit,
  getLane,
  GraylaneBaggagePropagator,
  runInLane,
  type IngressPolicy,
} from '@graylane/baggage';
import { compare, timedOnNew, type Row } from '../support/bench.ts';

type Work = (propagator: TextMapPropagator, header: string) => unknown;
type Join = (members: readonly string[]) => string;
/** Each may have work of its own, and headers that are written in its own way. */
type Contenders = readonly [name: string, propagator: TextMapPropagator, work?: Work, join?: Join][];

/** All keys of the headers below, which every policy here allows. */
const allowed = ['lane', 'region', ...Array.from({ length: 63 }, (_, index) => `key-${index}`)];
const ingress = { mode: 'accept', keys: allowed } as const;
const egress = { to: { 'http://orders:8080': allowed } };
const contenders: Contenders = [
  ['stock propagator', new W3CBaggagePropagator()],
  ['graylane', new GraylaneBaggagePropagator({ inject: 'always', ingress })],
];
/**
 * The way of the adapters: ingress and egress policy instead of a propagator. A policy learns the
 * orders of keys of its callers, so each comparison has its own.
 */
function adaptersOf(policy: IngressPolicy = { ...ingress }): TextMapPropagator {
  return {
    extract: (outer, carrier, getter) => admit([String(getter.get(carrier, 'baggage'))], policy, outer),
    inject: (otelContext, carrier, setter) => {
      const header = emit(otelContext, egress, 'http://orders:8080');
      if (header !== undefined) setter.set(carrier, 'baggage', header);
    },
    fields: () => ['baggage'],
  };
}
const sizes = [1, 4, 16, 64];
const peers = ['@opentelemetry/core'];
const cleanHeader = /^[\x21-\x7e]*$/;

/** Baggage that is a header still. */
class FloorBaggage {
  readonly header: string;

  constructor(header: string) {
    this.header = header;
  }

  getEntry(key: string): BaggageEntry {
    const start = this.header.indexOf(key) + key.length + 1;
    const end = this.header.indexOf(',', start);
    return { value: this.header.slice(start, end < 0 ? undefined : end) };
  }
}

/** An OTel context that holds baggage alone. */
class FloorContext implements Context {
  readonly #baggage: FloorBaggage;

  constructor(baggage: FloorBaggage) {
    this.#baggage = baggage;
  }

  getValue(): unknown {
    return this.#baggage;
  }

  setValue(): Context {
    return this;
  }

  deleteValue(): Context {
    return this;
  }
}

/** The least that a propagator can do. */
const floor: TextMapPropagator = {
  extract: (_outer, carrier, getter) =>
    new FloorContext(new FloorBaggage(String(getter.get(carrier, 'baggage')))),
  inject: (otelContext, carrier, setter) => {
    const { header } = propagation.getBaggage(otelContext) as unknown as FloorBaggage;
    if (cleanHeader.test(header)) setter.set(carrier, 'baggage', header);
  },
  fields: () => ['baggage'],
};
const withFloor: Contenders = [...withAdapters(), ['floor', floor]];

await compare({
  question: 'What does it cost to extract a header and to forward it unchanged?',
  unit: 'ns',
  peers,
  note: '`floor` puts the header into an OTel context of its own kind, and looks at each character once before it leaves: whether it is printable, not whether it is baggage. A propagator that lets nothing harmful pass can hardly do less.',
  rows: [...rows('plain', plain, forward, withFloor), ...rows('encoded', encoded, forward, withFloor)],
});

await compare({
  question: 'What does it cost to forward a header that is written otherwise?',
  unit: 'ns',
  peers,
  note: 'With a space behind each comma, as Node joins several headers, or with the lane last, as an SDK with a hash map writes. The adapters learn the order of the keys. For the last contender the same members come in the canonical form.',
  rows: [
    ...rows('with spaces', plain, forward, withCanonical(), (members) => members.join(', ')),
    ...rows('lane last', plain, forward, withCanonical(), ([lane = '', ...others]) =>
      [...others, lane].join(','),
    ),
  ].filter(({ name }) => !name.startsWith('1 ')),
});

await compare({
  question: 'What does it cost to extract a header?',
  unit: 'ns',
  peers,
  note: 'graylane looks once at each character: it counts the members that its ingress policy removes, and keeps the others as they came.',
  rows: [...rows('plain', plain, extract), ...rows('encoded', encoded, extract)],
});

await compare({
  question: 'What does it cost to extract a header and to read the lane?',
  unit: 'ns',
  peers,
  note: '`floor` cuts out what stands behind the first place where the word is, and checks nothing.',
  rows: rows(
    'plain',
    plain,
    (propagator, header) => baggageOf(extract(propagator, header))?.getEntry('lane'),
    withFloor,
  ),
});

await compare({
  question: 'What does it cost to know the lane of a request?',
  unit: 'ns',
  peers,
  note: 'The adapters admit the header by the policy and make the OTel context of the request; the lane is known then.',
  rows: rows(
    'plain',
    plain,
    (propagator, header) => baggageOf(extract(propagator, header))?.getEntry('lane'),
    [
      ['stock propagator: extract, getEntry', new W3CBaggagePropagator()],
      [
        'adapters: admit, getLane',
        adaptersOf(),
        (propagator, header) => getLane(extract(propagator, header)),
      ],
    ],
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
/**
 * As many lanes as are marked in as many seconds: enough that a verifier has forgotten the first
 * when it comes again.
 */
const many = 4096;
const marks = Array.from({ length: many }, (_, index) => ({
  text: Buffer.from(`graylane.1.lane.shop.1790000000.2026-11.lane.gray-${index}`),
  header: Buffer.from(
    runInLane(`gray-${index}`, () => emit(context.active(), { to: { any: ['lane'] } }, 'any') ?? '', {
      sign: { key, audience: 'shop' },
      ttlSeconds: 3600,
    }),
  ),
  unsigned: Buffer.from(`lane=gray-${index}`),
}));

await compare({
  question: 'What does it cost to verify a signed lane?',
  unit: 'ns',
  note: 'To admit is to read the header, to check its signature, expiry and hops, to raise the hops, and to make the OTel context of the request; in mode accept it is the same but for the signature, so that the difference is what verification costs. Requests that are marked within one second bear the same mark; a mark that was verified is known.',
  rows: [
    {
      name: 'one request',
      contenders: [
        warm('HMAC-SHA256 of node:crypto alone', next('text'), (text) =>
          createHmac('sha256', secret).update(text).digest('base64url'),
        ),
        warm('admit, a mark that is new', next('header'), admitted(verify)),
        warm('admit, a mark that is known', next('header', 10), admitted(verify)),
        warm('admit, mode accept, the same mark', next('header'), admitted(accept)),
        warm('admit, mode accept, unsigned', next('unsigned'), admitted(accept)),
      ],
    },
  ],
});

/** All that forward a header, the adapters with a policy of their own. */
function withAdapters(): Contenders {
  return [...contenders, ['adapters: admit, emit', adaptersOf()]];
}

/** The same, and the adapters once more for headers in the canonical form. */
function withCanonical(): Contenders {
  return [...withAdapters(), ['adapters, canonical form', adaptersOf(), forward, canonical]];
}

/** Many small functions take many calls before all of them are compiled. */
function warm(
  name: string,
  make: () => string,
  operation: (made: string) => unknown,
): ReturnType<typeof timedOnNew> {
  for (let call = 0; call < 50_000; call += 1) operation(make());
  return timedOnNew(name, make, operation);
}

function next(part: 'text' | 'header' | 'unsigned', among = many): () => string {
  let turn = 0;
  return () => arrived(marks[(turn += 1) % among]?.[part]);
}

function admitted(policy: IngressPolicy): (header: string) => string {
  return (header) => getLane(admit([header], policy, ROOT_CONTEXT));
}

/**
 * One row a size; the keys and values are those of a shop, in headers that differ, as those of
 * requests do.
 */
function rows(
  name: string,
  member: (index: number, request: number) => string,
  work: Work,
  among: Contenders = contenders,
  join: Join = canonical,
): Row[] {
  return sizes.map((size) => {
    const [first, ...more] = among.map(([contender, propagator, own = work, written = join]) => {
      let turn = 0;
      const headers = Array.from({ length: 64 }, (_, request) => {
        const others = Array.from({ length: size - 1 }, (_member, index) => member(index, request));
        return Buffer.from(written(['lane=gray', ...others]));
      });
      return timedOnNew(
        contender,
        () => arrived(headers[(turn += 1) & 63]),
        (header) => own(propagator, header),
      );
    });
    if (first === undefined) throw new Error('nobody is compared');
    return { name: `${size} ${name}`, contenders: [first, ...more] };
  });
}

function canonical(members: readonly string[]): string {
  return members.join(',');
}

/** A header as a parser makes it: a flat string of its own that no code has read yet. */
function arrived(bytes: Buffer | undefined): string {
  return bytes?.toString('latin1') ?? '';
}

function plain(index: number, request: number): string {
  return `key-${index}=value-${request}-${index}`;
}

function encoded(index: number, request: number): string {
  return `key-${index}=%E7%81%B0%E5%BA%A6%20${request}-${index}`;
}

function forward(propagator: TextMapPropagator, header: string): unknown {
  return inject(propagator, extract(propagator, header));
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
