import { baggageCounts, formatBaggage, parseBaggage } from '@graylane/baggage';
import type { BaggageEntry } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';

const every = Array.from({ length: 0x80 }, (_, code) => String.fromCharCode(code));
const tokenCharacters = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const octets = /[!#-+\--:<-[\]-~]/;

describe('reading', () => {
  test.each<[header: string, entries: Record<string, string>, what: string]>([
    ['a=1', { a: '1' }, 'one member'],
    ['a=1,b=2', { a: '1', b: '2' }, 'a list'],
    ['a=', { a: '' }, 'an empty value'],
    ['a==', { a: '=' }, 'an equals sign for a value'],
    ['a=b=c=d', { a: 'b=c=d' }, 'equals signs inside a value'],
    [' \ta \t= \t1\t , \tb = 2 ', { a: '1', b: '2' }, 'optional white space everywhere'],
    ['a=1,,b=2,', { a: '1', b: '2' }, 'empty members, which are none'],
    ['a=1, ,b=2', { a: '1', b: '2' }, 'blank members, which are none'],
    ['', {}, 'nothing'],
    [' ', {}, 'white space alone'],
    ['A=1,a=2', { A: '1', a: '2' }, 'keys that differ in case'],
    ['a%20b=1', { 'a%20b': '1' }, 'a percent sign in a key, which stays'],
    ["!#$%&'*+-.^_`|~=1", { "!#$%&'*+-.^_`|~": '1' }, 'every special character of a key'],
    ["a=!#$%&'()*+-./:<=>?@[]^_`{|}~", { a: "!#$%&'()*+-./:<=>?@[]^_`{|}~" }, 'every special octet'],
    ['a=%E7%81%B0', { a: '灰' }, 'an encoded value'],
    ['a=%e7%81%b0', { a: '灰' }, 'an encoded value in lower case'],
    ['a=%F0%9F%8E%A8', { a: '🎨' }, 'an encoded character beyond 16 bits'],
    ['a=%20%22%2C%3B%5C%25', { a: ' ",;\\%' }, 'all that must be encoded'],
    ['a=%EF%BB%BFb', { a: '\uFEFFb' }, 'a byte order mark, which is a character'],
    ['a=%00%0D%0A', { a: '\0\r\n' }, 'encoded control characters, which are legal'],
    ['a=100%', { a: '100%' }, 'a percent sign without digits'],
    ['a=%G0%1', { a: '%G0%1' }, 'percent signs with other characters behind them'],
    ['a=%FF', { a: '\uFFFD' }, 'an octet that is no UTF-8'],
    ['a=b%FF%FEc', { a: 'b\uFFFD\uFFFDc' }, 'octets that are no UTF-8 among others'],
    ['a=%C0%AF', { a: '\uFFFD\uFFFD' }, 'an overlong form'],
    ['a=%ED%A0%80', { a: '\uFFFD\uFFFD\uFFFD' }, 'an encoded surrogate'],
    ['a=%E7%81', { a: '\uFFFD' }, 'a character that is cut'],
    ['a=%FF%', { a: '\uFFFD%' }, 'both kinds of mistake'],
    ['a=1;p', { a: '1' }, 'a property'],
    ['env=gray;user-id=abc', { env: 'gray' }, 'a semicolon by mistake: one member with a property'],
    [
      '__proto__=1,constructor=2,toString=3',
      { ['__proto__']: '1', constructor: '2', toString: '3' },
      'names',
    ],
  ])('of %j returns %j: %s', (header, entries) => {
    const baggage = parseBaggage(header);
    expect(baggage.getAllEntries()).toEqual(
      Object.entries(entries).map(([key, value]) => [key, shown(value, header)]),
    );
    for (const [key, value] of Object.entries(entries)) {
      expect(parseBaggage(header).getEntry(key)?.value).toBe(value);
    }
  });

  test.each([
    ['a', 'no value'],
    ['=1', 'no key'],
    ['a b=1', 'white space in a key'],
    ['a=b c', 'white space in a value'],
    ['a="b"', 'a quotation mark in a value'],
    ['"a"=b', 'a quotation mark in a key'],
    [String.raw`a=b\c`, 'a backslash'],
    ['(a)=b', 'a key that is no token'],
    ['a=b\r\nc=d', 'a line break'],
    ['a=\n', 'a line feed'],
    ['\u00a0a=1', 'white space of another kind'],
    ['a=\u0000', 'a NUL'],
    ['a=\u007f', 'a DEL'],
    ['a=灰', 'a character that is not encoded'],
    ['灰=a', 'a key that is not ASCII'],
    ['a=\u0161', 'a character whose lower byte is legal'],
    ['a=\uD800', 'a lone surrogate'],
    ['a=1;', 'an empty property'],
    ['a=1;;p', 'an empty property before another one'],
    ['a=1;=2', 'a property without a key'],
    ['a=1;p q', 'white space in a property'],
    ['a=1;p=漢', 'a property that is not encoded'],
    ['a=1;p=1\r\nevil: 1', 'a property with a line break'],
    ['a=1;(p)=1', 'a property whose key is no token'],
  ])('leaves out %j: %s; keeps and counts', (member) => {
    const before = baggageCounts().rejected ?? 0;
    const baggage = parseBaggage(`first=1,${member},last=2`);
    expect(baggage.getEntry(member.split('=')[0] ?? '')).toBeUndefined();
    expect(baggage.getAllEntries().map(([key]) => key)).toEqual(['first', 'last']);
    expect(baggageCounts().rejected).toBe(before + 1);
  });

  test('takes the characters of a token, and no others, for a key', () => {
    for (const character of every) {
      const legal = tokenCharacters.test(character);
      expect([character, parseBaggage(`k${character}k=1`).getEntry(`k${character}k`)?.value]).toEqual([
        character,
        legal ? '1' : undefined,
      ]);
    }
  });

  test('takes the octets of W3C, and no others, for a value', () => {
    for (const character of every) {
      if (',;%'.includes(character)) continue;
      const legal = octets.test(character);
      expect([character, parseBaggage(`k=v${character}v`).getEntry('k')?.value]).toEqual([
        character,
        legal ? `v${character}v` : undefined,
      ]);
    }
  });

  test('takes several headers for one list, in their order', () => {
    expect(parseBaggage(['a=1,b=2', 'c=3', '', 'a=4']).getAllEntries()).toEqual([
      ['a', { value: '4' }],
      ['b', { value: '2' }],
      ['c', { value: '3' }],
    ]);
  });

  test('of several members with one key the last valid one wins', () => {
    for (const header of ['a=1,a=2', ' a=1, a =2', 'a=1,aa=3,a=2,ba=4,a=3;;', 'a=1,b=a,a=2,c=a']) {
      expect(parseBaggage(header).getEntry('a')?.value).toBe('2');
      expect(new Map(parseBaggage(header).getAllEntries()).get('a')?.value).toBe('2');
      expect(formatBaggage(parseBaggage(header))).toMatch(/^a=2(?:,(?:aa=3,ba=4|b=a,c=a))?$/);
    }
  });

  test('shows properties without white space, one by one as they came', () => {
    const entry = parseBaggage('a=1 ; p ;\tq = %2C=x ; r=').getEntry('a');
    expect(entry?.metadata?.toString()).toBe('p;q=%2C=x;r=');
  });

  test('stops at the limits it is given, by whole members', () => {
    expect(formatBaggage(parseBaggage('a=1,b=2,a=3,c=4', { members: 2 }))).toBe('a=3,b=2');
    expect(formatBaggage(parseBaggage('a=1,b=2,c=34', { bytes: 11 }))).toBe('a=1,b=2');
    expect(formatBaggage(parseBaggage('a=1,b=2,c=34', { bytes: 12 }))).toBe('a=1,b=2,c=34');
  });
});

describe('writing', () => {
  test.each<[value: string, written: string]>([
    ['', ''],
    ['a=b', 'a=b'],
    ['a b', 'a%20b'],
    ['100%', '100%25'],
    ['%20', '%2520'],
    ['",;\\', '%22%2C%3B%5C'],
    ["!#$&'()*-./:<=>?@[]^_`{|}~", "!#$&'()*-./:<=>?@[]^_`{|}~"],
    // Python's propagator reads a plus sign as a space.
    ['a+b', 'a%2Bb'],
    ['灰度', '%E7%81%B0%E5%BA%A6'],
    ['🎨', '%F0%9F%8E%A8'],
    ['\r\n\0', '%0D%0A%00'],
    ['\uFEFF', '%EF%BB%BF'],
    ['a\uD800b', 'a%EF%BF%BDb'],
    ['\uDC00', '%EF%BF%BD'],
    ['\uD83C\uD83C\uDFA8', '%EF%BF%BD%F0%9F%8E%A8'],
  ])('encodes the value %j as %s, and no more than must be', (value, written) => {
    const baggage = parseBaggage('').setEntry('k', { value });
    expect(formatBaggage(baggage)).toBe(`k=${written}`);
    expect(parseBaggage(`k=${written}`).getEntry('k')?.value).toBe(wellFormed(value));
  });

  test.each<[metadata: string, written: string]>([
    ['p', ';p'],
    [' p = 1 ; q ', ';p=1;q'],
    ['p=a b', ';p=a%20b'],
    ['p=%2C', ';p=%2C'],
    ['p=1,lane=gray', ';p=1%2Clane=gray'],
    ['p=1\r\nevil: 1', ';p=1%0D%0Aevil:%201'],
    ['p=漢', ';p=%E6%BC%A2'],
    ['p=\uD800', ';p=%EF%BF%BD'],
    ['(p)=1;q', ';q'],
    ['漢;q=', ';q='],
    [';;', ''],
    ['', ''],
  ])('of the metadata %j makes %s', (metadata, written) => {
    const entry = { value: '1', metadata: { toString: () => metadata } } as unknown as BaggageEntry;
    expect(formatBaggage(parseBaggage('').setEntry('k', entry))).toBe(`k=1${written}`);
  });

  test('leaves out and counts a member whose key cannot stand in a header', () => {
    const before = baggageCounts().rejected ?? 0;
    let baggage = parseBaggage('a=1');
    for (const key of ['', '(bad)', 'a b', '漢', 'a=b', 'a,b'])
      baggage = baggage.setEntry(key, { value: '1' });
    expect(baggage.getEntry('(bad)')?.value).toBe('1');
    expect(formatBaggage(baggage)).toBe('a=1');
    expect(baggageCounts().rejected).toBe(before + 6);
  });

  test('puts the lane first and pins second, wherever they stood', () => {
    expect(formatBaggage(parseBaggage('a=1,pins=p,b=2,lane=gray'))).toBe('lane=gray,pins=p,a=1,b=2');
    expect(formatBaggage(parseBaggage('a=1,x=p'), { first: ['x'] })).toBe('x=p,a=1');
  });

  test('writes only the keys it is to write, and counts the others', () => {
    const before = baggageCounts().withheld ?? 0;
    expect(formatBaggage(parseBaggage('a=1,lane=gray,b=2'), { keys: new Set(['lane', 'b']) })).toBe(
      'lane=gray,b=2',
    );
    expect(baggageCounts().withheld).toBe(before + 1);
  });

  test.each(['a', 'ab', 'lane', 'pins', 'a-longer-key'])(
    'writes the key %j once, wherever it stood',
    (key) => {
      for (const others of [[], ['b=3'], ['a-longer-kay=3', 'c=4', 'la=5', 'lake=6']]) {
        const last = `${key}=2;p=1`;
        const header = [`${key}=1`, ...others, last].join(',');
        expect(formatBaggage(parseBaggage(header))).toBe([last, ...others].join(','));
      }
    },
  );

  test('returns an empty string for no members', () => {
    expect(formatBaggage(parseBaggage(''))).toBe('');
    expect(formatBaggage(parseBaggage('a=1').clear())).toBe('');
  });
});

describe('baggage', () => {
  test('is immutable: no change shows in the baggage it began with', () => {
    const before = parseBaggage('a=1,b=2');
    expect(formatBaggage(before.setEntry('a', { value: '3' }))).toBe('a=3,b=2');
    expect(formatBaggage(before.removeEntry('a'))).toBe('b=2');
    expect(formatBaggage(before.removeEntries('a', 'b', 'c'))).toBe('');
    expect(formatBaggage(before)).toBe('a=1,b=2');
  });

  test('shows entries as plain objects, which can be spread and set again', () => {
    const baggage = parseBaggage('a=%20;p=1');
    const entry = baggage.getEntry('a');
    expect(entry).toEqual({ value: ' ', metadata: expect.anything() as unknown });
    expect(formatBaggage(baggage.setEntry('b', { ...entry, value: 'x' }))).toBe('a=%20;p=1,b=x;p=1');
  });
});

/** Metadata is an object with a method; tables name values only. */
function shown(value: string, header: string): unknown {
  return header.includes(';') ? { value, metadata: expect.anything() as unknown } : { value };
}

function wellFormed(text: string): string {
  return text.replaceAll(/[\uD800-\uDFFF]/gu, '\uFFFD');
}
