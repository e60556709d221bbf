import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { parsePins, formatPins } from '../src/lane/pins.ts';
import { parseSeal } from '../src/lane/seal.ts';
import { isExpired, Signer } from '../src/lane/signer.ts';

interface Subject {
  readonly name: string;
  readonly keyId: string;
  readonly audience: string;
  readonly laneKey: string;
  readonly lane: string;
  readonly pins: string;
  readonly seal: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../docs/mark-format.json', import.meta.url), 'utf8'),
) as {
  readonly secretHex: string;
  readonly signed: ReadonlyArray<Subject & { readonly expiry: string }>;
  readonly verified: ReadonlyArray<Subject & { readonly now: number; readonly result: string }>;
  readonly pins: ReadonlyArray<{ readonly value: string; readonly pins: ReadonlyArray<readonly string[]> }>;
};

describe('the test vectors of docs/mark-format.md', () => {
  test.each(vectors.signed)('$name is signed as specified', ({ expiry, seal, ...subject }) => {
    expect(signer(subject).sign(subjectOf(subject), Number(expiry))).toBe(seal);
  });

  test.each(vectors.verified)(
    '$name is judged as specified: $result',
    ({ seal, now, result, ...subject }) => {
      vi.setSystemTime(now * 1000);
      const found = signer(subject).verify(seal, subjectOf(subject));
      expect(found === undefined ? 'forged' : isExpired(found.expiry) ? 'expired' : 'valid').toBe(result);
      vi.useRealTimers();
    },
  );

  test.each(vectors.pins)('the pins $value are read as specified', ({ value, pins }) => {
    const read = parsePins(value);
    expect([...read].map(([key, { variant, revision }]) => [key, variant, revision])).toEqual(pins);
    if (read.size * 3 === value.split('.').length) expect(formatPins(read)).toBe(value);
  });

  test('hold members that no propagator encodes', () => {
    for (const { seal, pins } of vectors.signed) expect(`${seal}${pins}`).toMatch(/^[\w.~-]+$/);
    expect(vectors.signed.filter(({ seal }) => parseSeal(seal) === undefined)).toEqual([]);
  });
});

function signer({ keyId, audience }: { keyId: string; audience: string }): Signer {
  return new Signer([{ id: keyId, secret: Buffer.from(vectors.secretHex, 'hex') }], audience);
}

function subjectOf({
  laneKey,
  lane,
  pins,
}: {
  laneKey: string;
  lane: string;
  pins: string;
}): Parameters<Signer['sign']>[0] {
  return { laneKey, lane, pins: pins === '' ? undefined : pins };
}
