import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventReader } from '../src/url/event-reader.ts';

describe('an event reader', () => {
  test('reads the same events, however the bytes are cut', () => {
    const stream = Buffer.from(
      ':\nretry: 500\n\nevent: snapshot\nid: 1\ndata: {"grün":"值"}\n\n:\n\nevent: delta\r\ndata: a\r\ndata: b\r\n\r\ndata: c\n\n',
    );
    const expected = ['retry 500', 'snapshot {"grün":"值"}', 'delta a\nb', 'undefined c'];
    const cuts = fc.array(fc.nat(stream.length), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, (at) => {
        const { reader, heard } = open(1000);
        const borders = [0, ...at.toSorted((one, other) => one - other), stream.length];
        for (const [index, border] of borders.entries()) {
          reader.feed(stream.subarray(borders[index - 1] ?? 0, border));
        }
        expect(heard).toEqual(expected);
      }),
    );
  });

  test('accepts an event of the largest size, and refuses one byte more', () => {
    const event = Buffer.from(`data: ${'x'.repeat(92)}\n\n`);
    expect(() => open(100).reader.feed(event)).not.toThrow();
    expect(() => open(99).reader.feed(event)).toThrow('more than 99 bytes: raise source.maxEventBytes');
  });

  test.each([
    ['a line without an end', 'x'.repeat(1000), 100_000],
    ['a line without an end, byte by byte', 'x', 100_000],
    ['a comment without an end', `:${'x'.repeat(1000)}`, 100_000],
    ['lines without an end', 'data: x\n', 101 * 8],
    ['comments and data without a blank line', ':\ndata: x\n', 51 * 10],
  ])('refuses %s after a bounded number of bytes', (_case, chunk, most) => {
    const { reader } = open(99_000);
    let bytes = 0;
    expect(() => {
      while (bytes <= 1_000_000) {
        bytes += chunk.length;
        reader.feed(Buffer.from(chunk));
      }
    }).toThrow(/sent an event of more than/);
    expect(bytes).toBeLessThanOrEqual(most);
  });

  test('reads any number of heartbeats and events that are each within the bound', () => {
    const { reader, heard } = open(1000);
    const block = Buffer.from(`:\nretry: 500\n\ndata: ${'x'.repeat(900)}\n\n`);
    for (let count = 0; count < 1000; count += 1) reader.feed(block);
    expect(heard).toHaveLength(2000);
  });
});

function open(maxBytes: number): { reader: EventReader; heard: string[] } {
  const heard: string[] = [];
  const reader = new EventReader(maxBytes, {
    onEvent: ({ event, data }) => heard.push(`${event} ${data}`),
    onRetry: (ms) => heard.push(`retry ${ms}`),
  });
  return { reader, heard };
}
