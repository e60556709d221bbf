import { describe, expect, test } from 'vitest';
import { readBaggage, replaceBaggage } from '../../src/adapters/kafka/headers.ts';

describe('reading', () => {
  test.each([
    ['text', { baggage: 'lane=gray' }, ['lane=gray']],
    ['a Buffer', { baggage: Buffer.from('lane=gray') }, ['lane=gray']],
    ['bytes', { baggage: new TextEncoder().encode('lane=gray') }, ['lane=gray']],
    ['several headers', { baggage: ['a=1', Buffer.from('b=2')] }, ['a=1', 'b=2']],
    ['a map of text', new Map([['baggage', 'lane=gray']]), ['lane=gray']],
    [
      'a map of Buffers with several headers',
      new Map([
        [Buffer.from('baggage'), Buffer.from('a=1')],
        [Buffer.from('baggage'), Buffer.from('b=2')],
      ]),
      ['a=1', 'b=2'],
    ],
    ['no headers', undefined, []],
    ['null', null, []],
    ['other headers', { traceparent: '00-1' }, []],
    ['what is no text', { baggage: [1, null, undefined, {}, []] }, []],
    ['a header without a value', { baggage: undefined }, []],
  ])('takes %s', (_what, headers, values) => {
    expect(readBaggage(headers)).toEqual(values);
  });

  test('takes bytes that are not UTF-8 without throwing', () => {
    expect(readBaggage({ baggage: Buffer.from([0x6c, 0xff]) })).toEqual(['l\uFFFD']);
  });
});

test('arrays that contain themselves are left out, and break no message', () => {
  const cyclic: unknown[] = ['lane=gray'];
  cyclic.push(cyclic, [[['a=1']]]);
  expect(new Set(readBaggage({ baggage: cyclic }))).toEqual(new Set(['lane=gray']));
  expect(replaceBaggage({ baggage: cyclic, id: '7' }, undefined)).toEqual({ id: '7' });
});

describe('replacing', () => {
  test('copies a record and removes what was there, in any case', () => {
    const headers = Object.freeze({ Baggage: 'user-id=ada', baggage: ['lane=blue'], id: Buffer.from('7') });
    expect(replaceBaggage(headers, 'lane=gray')).toEqual({ id: Buffer.from('7'), baggage: 'lane=gray' });
    expect(replaceBaggage(headers, undefined)).toEqual({ id: Buffer.from('7') });
    expect(headers).toHaveProperty('baggage', ['lane=blue']);
  });

  test('starts from nothing where a message has no headers', () => {
    expect(replaceBaggage(undefined, 'lane=gray')).toEqual({ baggage: 'lane=gray' });
    expect(replaceBaggage(null, undefined)).toEqual({});
  });

  test('copies a map of text and removes what was there', () => {
    const headers = new Map([
      ['baggage', 'lane=blue'],
      ['id', '7'],
    ]);
    expect(replaceBaggage(headers, 'lane=gray')).toEqual(
      new Map([
        ['id', '7'],
        ['baggage', 'lane=gray'],
      ]),
    );
    expect(replaceBaggage(headers, undefined)).toEqual(new Map([['id', '7']]));
    expect(headers.get('baggage')).toBe('lane=blue');
  });

  test('stays with bytes in a map of bytes', () => {
    const headers = new Map([
      [Buffer.from('BAGGAGE'), Buffer.from('lane=blue')],
      [Buffer.from('id'), Buffer.from('7')],
    ]);
    expect(replaceBaggage(headers, 'lane=gray')).toEqual(
      new Map([
        [Buffer.from('id'), Buffer.from('7')],
        [Buffer.from('baggage'), Buffer.from('lane=gray')],
      ]),
    );
  });

  test('keeps a header named __proto__ a header', () => {
    const headers = JSON.parse('{"__proto__":"x"}') as Record<string, unknown>;
    const copy = replaceBaggage(headers, undefined);
    expect(Object.keys(copy)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  });
});
