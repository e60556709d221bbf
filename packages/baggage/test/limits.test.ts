import { baggageCounts, formatBaggage, parseBaggage } from '@graylane/baggage';
import { describe, expect, test } from 'vitest';

describe('the floor of W3C: everything is carried', () => {
  test('at 64 members', () => {
    const header = members(64).join(',');
    expect(formatBaggage(parseBaggage(header))).toBe(header);
  });

  test('at 8192 bytes, in one member', () => {
    const header = `k=${'v'.repeat(8190)}`;
    expect(formatBaggage(parseBaggage(header))).toBe(header);
  });

  test('at 64 members and 8192 bytes, with properties, from several headers', () => {
    const list = members(63).map((member) => `${member};p=${'x'.repeat(100)};q`);
    const rest = 8192 - list.join(',').length - 1;
    const full = [...list, `k=${'%20'.repeat(rest)}`.slice(0, rest)];
    expect(full.join(',')).toHaveLength(8192);
    const written = formatBaggage(parseBaggage([full.slice(0, 20).join(','), full.slice(20).join(',')]));
    expect(written).toBe(full.join(','));
  });

  test('and was set by code, as it was encoded', () => {
    let baggage = parseBaggage('');
    for (let index = 0; index < 64; index += 1) baggage = baggage.setEntry(`k${index}`, { value: '灰' });
    expect(formatBaggage(baggage).split(',')).toHaveLength(64);
  });
});

describe('beyond the floor', () => {
  test('whole members are dropped from the end, and counted', () => {
    const before = baggageCounts().dropped ?? 0;
    expect(formatBaggage(parseBaggage(members(70).join(',')))).toBe(members(64).join(','));
    expect(baggageCounts().dropped).toBe(before + 6);
  });

  test('a member that does not fit makes way for smaller ones behind it', () => {
    const written = formatBaggage(parseBaggage(`a=1,b=${'v'.repeat(8188)},c=2`));
    expect(written).toBe('a=1,c=2');
  });

  test('8193 bytes are one member too many', () => {
    expect(formatBaggage(parseBaggage(`a=1,b=${'v'.repeat(8186)}`))).toHaveLength(8192);
    expect(formatBaggage(parseBaggage(`a=1,b=${'v'.repeat(8187)}`))).toBe('a=1');
  });

  test('the lane and pins are carried, wherever they stood', () => {
    const crowd = members(500).map((member) => member + 'v'.repeat(40));
    const written = formatBaggage(
      parseBaggage([...crowd, 'pins=a.b.c', 'lane=gray', 'lane-seal=1.0.1'].join(',')),
    );
    expect(written.startsWith('lane=gray,lane-seal=1.0.1,pins=a.b.c,k0=')).toBe(true);
    expect(written.length).toBeLessThanOrEqual(8192);
    expect(
      written
        .split(',')
        .every((member) => /^(lane=gray|lane-seal=1\.0\.1|pins=a\.b\.c|k\d+=v{41})$/.test(member)),
    ).toBe(true);
  });

  test('the sender may set its own limits', () => {
    const baggage = parseBaggage('a=1,lane=gray,b=2');
    expect(formatBaggage(baggage, { limits: { members: 2 } })).toBe('lane=gray,a=1');
    expect(formatBaggage(baggage, { limits: { bytes: 12 } })).toBe('lane=gray');
    expect(formatBaggage(baggage, { limits: { bytes: 13 } })).toBe('lane=gray,a=1');
  });
});

describe('a header without end', () => {
  test('is read up to 65536 characters, and no member in half', () => {
    const before = baggageCounts().dropped ?? 0;
    const baggage = parseBaggage(`a=1,b=${'v'.repeat(65_531)},c=3`);
    expect(baggage.getAllEntries().map(([key]) => key)).toEqual(['a']);
    expect(baggageCounts().dropped).toBe(before + 1);
  });

  test('of commas, of spaces or of one kind of character holds nothing', () => {
    for (const character of [',', ' ', ';', '=', '%', 'a', ', ', 'lane', 'lane=;', 'lane ', '\uD800']) {
      const baggage = parseBaggage(character.repeat(1_000_000 / character.length));
      expect(baggage.getEntry('lane')).toBeUndefined();
      expect(baggage.getAllEntries()).toEqual([]);
      expect(formatBaggage(baggage)).toBe('');
    }
  });

  test('of white space inside of a member is read in linear time, however it ends', () => {
    const space = ' \t'.repeat(32_000);
    for (const member of [
      `a${space}b=1`,
      `a=${space}"`,
      `a=1${space}"`,
      `a=1;p${space}"`,
      `a=1;p=${space}"`,
    ]) {
      expect(parseBaggage(member).getEntry('a')).toBeUndefined();
      expect(parseBaggage(member).getAllEntries()).toEqual([]);
    }
    expect(formatBaggage(parseBaggage(` a =${space}1 ;${' '.repeat(1000)}p`))).toBe('a=1;p');
  });

  test('of one member is not read, wherever the limit of the reader is', () => {
    const before = baggageCounts().dropped ?? 0;
    const baggage = parseBaggage(`a=1,b=2${';p'.repeat(4_000_000)}`, { bytes: 10_000_000 });
    expect(baggage.getAllEntries().map(([key]) => key)).toEqual(['a']);
    expect(baggageCounts().dropped).toBe(before + 1);
  });
});

function members(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `k${index}=v`);
}
