import { Writable } from 'node:stream';
import { format } from 'node:util';
import { runInLane } from '@graylane/baggage';
import { laneConsole, laneFormat, laneMixin, tagActiveRequest } from '@graylane/telemetry';
import { context, trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import winston from 'winston';

const corpus = [
  'plain',
  'two\nlines',
  'a\r\nlevel=error forged=yes',
  '\u001b[2J\u001b[31mred',
  'null\0byte',
  'line\u2028separator\u2029s',
  '\u202eright to left',
  'bell\u0007 backspace\b',
  'next\u0085line',
  'lone \ud800 surrogate',
  '{"json":"\n"}',
];
const spanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
};
const options = { service: 'orders', baggage: ['user-id'] };

/** Runs in a gray request with a span, a tenant and a request id. */
function inRequest(fn: () => void): void {
  runInLane(
    'gray',
    () => {
      tagActiveRequest({ tenant: 'acme', requestId: 'r-1' });
      context.with(trace.setSpanContext(context.active(), spanContext), fn);
    },
    { members: { 'user-id': 'ada', secret: 'no' } },
  );
}

const expected = {
  lane: 'gray',
  service: 'orders',
  trace_id: spanContext.traceId,
  span_id: spanContext.spanId,
  tenant: 'acme',
  request_id: 'r-1',
  'user-id': 'ada',
};

interface Logger {
  readonly lines: string[];
  readonly log: (message: string, fields?: object) => void;
}

function usingPino(): Logger {
  const lines: string[] = [];
  const logger = pino(
    { mixin: laneMixin(options), base: null },
    { write: (line: string) => lines.push(line) },
  );
  return { lines, log: (message, fields) => (fields ? logger.info(fields, message) : logger.info(message)) };
}

function usingWinston(writer = winston.format.json()): Logger {
  const lines: string[] = [];
  const sink = new Writable({
    write: (line: Buffer, _encoding, written) => {
      lines.push(line.toString());
      written();
    },
  });
  const stream = new winston.transports.Stream({ stream: sink });
  const logger = winston.createLogger({
    format: winston.format.combine(laneFormat(options), writer),
    transports: [stream],
  });
  return { lines, log: (message, fields) => void logger.info(message, fields) };
}

describe.each([
  ['pino', usingPino],
  ['winston', usingWinston],
])('lines of %s', (_name, start) => {
  test('show lane, trace, request, service, tenant and allowed baggage', () => {
    const { lines, log } = start();
    inRequest(() => {
      log('paid');
    });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject(expected);
    expect(lines[0]).not.toContain('secret');
  });

  test('show lane and service outside of a request and of a span', () => {
    const { lines, log } = start();
    log('started');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ lane: 'baseline', service: 'orders' });
    expect(JSON.parse(lines[0] ?? '')).not.toHaveProperty('trace_id');
  });

  test('keep what the call itself passes', () => {
    const { lines, log } = start();
    log('mine', { tenant: 'umbrella' });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ tenant: 'umbrella' });
  });
});

describe.each([
  ['winston json', usingWinston],
  ['winston simple', () => usingWinston(winston.format.simple())],
  ['console', usingConsole],
])('a hostile text with %s', (_name, start) => {
  test.each(corpus)('%j is one line, with nothing that a terminal obeys', (message) => {
    const { lines, log } = start();
    log(message);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.replace(/\r?\n$/, '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});

test.each(corpus)('pino writes %j on one line itself', (message) => {
  const { lines, log } = usingPino();
  log(message);
  expect(lines).toHaveLength(1);
  // It leaves the controls of Unicode's second block as they are.
  expect(lines[0]?.replace(/\n$/, '')).not.toMatch(/[\u0000-\u001f]/);
});

test.each(corpus)('a hostile tag %j stays on its line', (tenant) => {
  for (const { lines, log } of [usingWinston(winston.format.simple()), usingConsole()]) {
    runInLane('gray', () => {
      tagActiveRequest({ tenant });
      log('x');
    });
    expect(lines[0]?.replace(/\r?\n$/, '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
  }
});

function usingConsole(): Logger {
  const lines: string[] = [];
  const write = (...args: unknown[]): void => void lines.push(format(...args));
  const target = { debug: write, log: write, info: write, warn: write, error: write };
  laneConsole(options, target);
  return { lines, log: (message) => target.log(message) };
}

describe('the console', () => {
  test('ends each line with the fields', () => {
    const { lines, log } = usingConsole();
    inRequest(() => {
      log('paid 12 EUR');
    });
    expect(lines).toEqual([
      `paid 12 EUR lane=gray service=orders trace_id=${spanContext.traceId} span_id=${spanContext.spanId} tenant=acme request_id=r-1 user-id=ada`,
    ]);
  });

  test('formats as before, and is restored', () => {
    const lines: string[] = [];
    const write = (...args: unknown[]): void => void lines.push(format(...args));
    const target = { debug: write, log: write, info: write, warn: write, error: write };
    const restore = laneConsole({ service: 'a b' }, target);
    target.warn('%d of %s', 3, { four: 4 }, 'more %s');
    restore();
    target.warn('plain');
    expect(lines).toEqual(['3 of { four: 4 } more %s lane=baseline service="a b"', 'plain']);
  });
});
