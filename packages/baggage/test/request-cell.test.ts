import { baggageCounts, admit, formatBaggage, getCell } from '@graylane/baggage';
import { propagation, ROOT_CONTEXT, type Context } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { RequestCell } from '../src/request/cell.ts';

describe('a request cell', () => {
  test('shows a late dye to code that has read the cell before', () => {
    const request = admit(['a=1'], { mode: 'accept', keys: ['a'] }, ROOT_CONTEXT);
    const early = propagation.getBaggage(request);
    getCell(request)?.dye('gray', [['user-id', 'ada']]);
    expect(early?.getEntry('lane')?.value).toBe('gray');
    expect(early && formatBaggage(early)).toBe('lane=gray,a=1,user-id=ada');
  });

  test('holds baseline as the absence of a mark', () => {
    const cell = new RequestCell();
    expect(cell.lane).toBe('baseline');
    for (const lane of ['baseline', '']) {
      cell.dye('gray');
      expect(cell.lane).toBe('gray');
      cell.dye(lane);
      expect(cell.lane).toBe('baseline');
      expect(formatBaggage(cell.baggage)).toBe('');
    }
  });

  test('is in baseline if it is dyed with anything but a DNS label, and what leaves is valid', () => {
    for (const lane of ['灰,度\r\n', 'Team A', 'x'.repeat(64), 'other']) {
      const cell = new RequestCell();
      const before = baggageCounts().invalid ?? 0;
      cell.dye(lane, [
        ['(bad)', '1'],
        ['lane', 'blue'],
        ['lane-seal', '1.0.'],
      ]);
      expect(cell.lane).toBe('baseline');
      expect(formatBaggage(cell.baggage)).toBe('');
      expect(baggageCounts().invalid).toBe(before + 1);
    }
  });

  test('keeps the first pin of each flag', () => {
    const cell = new RequestCell();
    cell.pin('fee', { variant: 'on', revision: '1' });
    cell.pin('fee', { variant: 'off', revision: '2' });
    cell.pin('a:b/c~', { variant: '灰', revision: '' });
    expect([...cell.pins]).toEqual([
      ['fee', { variant: 'on', revision: '1' }],
      ['a:b/c~', { variant: '灰', revision: '' }],
    ]);
    const next = getCell(
      admit([formatBaggage(cell.baggage)], { mode: 'accept', keys: ['pins'] }, ROOT_CONTEXT),
    );
    expect(next?.pins).toEqual(cell.pins);
  });

  test('carries no more pins than have room, and keeps those it has', () => {
    const cell = new RequestCell();
    for (let index = 0; index < 500; index += 1) cell.pin(`flag-${index}`, { variant: 'on', revision: '1' });
    expect(cell.pins.size).toBeGreaterThan(100);
    expect(cell.pins.size).toBeLessThan(500);
    expect(formatBaggage(cell.baggage).length).toBeLessThan(2100);
  });

  test('leaves out pins that graylane has not written', () => {
    for (const pins of [
      '',
      '.',
      'a.b',
      'a.b.c.d',
      'a:b:c',
      '~zz.b.c',
      '~41.b.c',
      'x'.repeat(3000),
      'a.b.c.~E7.b.c',
    ]) {
      const read = getCell(admit([`pins=${pins}`], { mode: 'accept', keys: ['pins'] }, ROOT_CONTEXT))?.pins;
      expect([pins, read?.size]).toEqual([pins, pins.startsWith('a.b.c.~') ? 1 : 0]);
    }
  });

  test('lets code set members of its own on top, and dyes beneath them still show', () => {
    const request = admit(['a=1'], { mode: 'accept', keys: ['a'] }, ROOT_CONTEXT);
    const edited = edit(request, (baggage) => baggage.setEntry('b', { value: '2' }).removeEntry('a'));
    getCell(request)?.dye('gray');
    expect(written(edited)).toBe('lane=gray,b=2');
    expect(written(request)).toBe('lane=gray,a=1');
    expect(written(edit(edited, (baggage) => baggage.removeEntries('b', 'lane')))).toBe('');
    expect(written(edit(edited, (baggage) => baggage.clear()))).toBe('');
  });
});

type Baggage = NonNullable<ReturnType<typeof propagation.getBaggage>>;

function edit(otelContext: Context, change: (baggage: Baggage) => Baggage): Context {
  return propagation.setBaggage(otelContext, change(baggageOf(otelContext)));
}

function written(otelContext: Context): string {
  return formatBaggage(baggageOf(otelContext));
}

function baggageOf(otelContext: Context): Baggage {
  const baggage = propagation.getBaggage(otelContext);
  if (baggage === undefined) throw new Error('there is no baggage');
  return baggage;
}
