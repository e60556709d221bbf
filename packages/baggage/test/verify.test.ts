import { createHmac } from 'node:crypto';
import {
  admit,
  baggageCounts,
  emit,
  getActiveCell,
  getCell,
  getLane,
  runInLane,
  type SigningKey,
  type VerifyPolicy,
} from '@graylane/baggage';
import {
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Context,
} from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { baggageMiddleware } from '@graylane/baggage/express';

const now = Date.UTC(2026, 10, 24) / 1000;
const old: SigningKey = { id: '2026-10', secret: 'an old secret of more than 32 bytes' };
const current: SigningKey = { id: '2026-11', secret: new Uint8Array(32).fill(7) };
const stranger: SigningKey = { id: '2026-11', secret: 'what a stranger believes the secret is' };
const policy: VerifyPolicy = {
  mode: 'verify',
  signingKeys: [current, old],
  audience: 'shop',
  keys: ['user-id'],
};
const everywhere = { to: { anywhere: ['lane', 'pins', 'user-id', 'tenant'] } };

beforeEach(() => {
  vi.setSystemTime(now * 1000);
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a signed lane', () => {
  test('comes in, with the members that the policy names beside it', () => {
    const header = signed('gray', current);
    expect(header).toMatch(
      new RegExp(
        `^lane=gray,lane-seal=1\\.0\\.${now + 300}\\.2026-11\\.shop\\.[\\w-]{43},user-id=ada,tenant=acme$`,
      ),
    );
    const request = admit([header], policy, ROOT_CONTEXT);
    expect(getLane(request)).toBe('gray');
    expect(written(request)).toBe(header.replace('=1.0.', '=1.1.').replace(',tenant=acme', ''));
  });

  test('is signed by HMAC-SHA256 over its fields, each escaped', () => {
    const fields = ['graylane', '1', 'lane', 'shop~2eeu', String(now + 300), 'k~7e1', 'x~21lane', 'gray'];
    const signature = createHmac('sha256', current.secret).update(fields.join('.')).digest('base64url');
    const sign = { key: { ...current, id: 'k~1' }, audience: 'shop.eu' };
    const egress = { to: { anywhere: ['x!lane'] } };
    expect(
      runInLane('gray', () => emit(context.active(), egress, 'anywhere'), { sign, laneKey: 'x!lane' }),
    ).toBe(`x!lane=gray,x!lane-seal=1.0.${now + 300}.k~7e1.shop~2eeu.${signature}`);
  });

  test('crosses hops that know nothing of it, in any number', () => {
    const stock = new W3CBaggagePropagator();
    let header = signed('gray', current);
    for (let hop = 0; hop < 10; hop += 1) {
      const carrier: { baggage?: string } = {};
      stock.inject(
        stock.extract(ROOT_CONTEXT, { baggage: header }, defaultTextMapGetter),
        carrier,
        defaultTextMapSetter,
      );
      const request = admit([carrier.baggage ?? ''], policy, ROOT_CONTEXT);
      expect(getLane(request)).toBe('gray');
      header = written(request);
    }
    expect(header).toContain(',lane-seal=1.10.');
  });

  test('is not taken under another key of the lane', () => {
    const header = signed('gray', current).replaceAll(/(^|,)lane/g, '$1zone');
    const zone = { ...policy, laneKey: 'zone' };
    const admitted = getCell(admit([header], zone, ROOT_CONTEXT));
    expect([admitted?.lane, admitted?.baggage.size]).toEqual(['baseline', 0]);
  });

  test('is verified by any of the keys, so that one can take over from another', () => {
    expect(arriving(signed('gray', old))).toBe('gray');
    expect(arriving(signed('gray', current))).toBe('gray');
    const after = { ...policy, signingKeys: [current] };
    expect(arriving(signed('gray', old), after)).toBe('baseline');
  });

  test('of baseline lets other members of an undyed request in', () => {
    const request = admit([signed('baseline', current)], policy, ROOT_CONTEXT);
    expect(getLane(request)).toBe('baseline');
    expect(written(request)).toContain(',user-id=ada');
  });

  test('lasts until its expiry, and 30 seconds longer for clocks that differ', () => {
    const header = runInLane('gray', sent, { sign: { key: current, audience: 'shop' }, ttlSeconds: 60 });
    vi.setSystemTime((now + 90) * 1000);
    expect(arriving(header)).toBe('gray');
    vi.setSystemTime((now + 91) * 1000);
    const before = baggageCounts().expired ?? 0;
    expect(arriving(header)).toBe('baseline');
    expect(baggageCounts().expired).toBe(before + 1);
  });

  test('is signed by a service that verifies, where it dyes a request itself', () => {
    const request = admit([signed('gray', current)], policy, ROOT_CONTEXT);
    getCell(request)?.dye('blue');
    expect(arriving(written(request))).toBe('blue');
  });

  test('is refused where it is none of the lanes there are, or has come too far', () => {
    const header = signed('gray', current);
    expect(arriving(header, { ...policy, lanes: ['team-a'] })).toBe('baseline');
    expect(arriving(signed('baseline', current), { ...policy, lanes: [] })).toBe('baseline');
    expect(written(admit([signed('baseline', current)], { ...policy, lanes: [] }, ROOT_CONTEXT))).toContain(
      'user-id',
    );
    expect(arriving(header.replace('=1.0.', '=1.32.'))).toBe('baseline');
    expect(arriving(header.replace('=1.0.', '=1.31.'))).toBe('gray');
  });
});

describe('a mark without a valid signature', () => {
  const header = signedAt(now, 'gray', current);
  const [, signature = ''] = /\.([\w-]{43}),/.exec(header) ?? [];
  const expiry = String(now + 300);

  test.each([
    ['no signature', 'lane=gray,user-id=ada'],
    ['no lane', 'user-id=ada'],
    ['another lane', header.replace('lane=gray', 'lane=blue')],
    ['another expiry', header.replace(expiry, String(now + 301))],
    ['an expiry written otherwise', header.replace(expiry, `0${expiry}`)],
    ['no expiry', header.replace(expiry, '')],
    ['another audience', header.replace('.shop.', '.bank.')],
    ['no audience', header.replace('.shop.', '.')],
    ['an empty audience', header.replace('.shop.', '..')],
    ['an audience written otherwise', header.replace('.shop.', '.~73hop.')],
    ['another key id', header.replace('2026-11', '2026-10')],
    ['a key id that no key has', header.replace('2026-11', 'constructor')],
    ['no key id', header.replace('.2026-11.', '.')],
    ['another version', header.replace('seal=1.', 'seal=2.')],
    ['half a signature', header.replace(signature, signature.slice(0, 20))],
    ['an empty signature', header.replace(signature, '')],
    ['a longer signature', header.replace(signature, `${signature}=`)],
    ['a signature with one bit turned', header.replace(signature, turned(signature))],
    ['a signature that is no text', header.replace(signature, '%FF%00')],
    ['no seal', header.replace(/,lane-seal=[^,]*/, '')],
    ['a second seal that is wrong', `${header},lane-seal=1.0.${expiry}.2026-11.shop.${turned(signature)}`],
    ['the seal as a property', header.replace(',lane-seal=', ';lane-seal=')],
    [
      'the form of earlier versions',
      `lane=gray;aud=shop;exp=${expiry};kid=2026-11;sig=${signature};hops=0,user-id=ada`,
    ],
    ['a second lane behind the signed one', `${header},lane=blue`],
    ["a stranger's key", signedAt(now, 'gray', stranger)],
    ['fields moved into one another', header.replace('2026-11.shop', '2026-1.1shop')],
  ])('is baseline, and nothing of it comes in: %s', (_what, forged) => {
    const before = baggageCounts();
    const request = admit([forged], policy, ROOT_CONTEXT);
    expect(getLane(request)).toBe('baseline');
    expect(written(request)).toBe('');
    expect((baggageCounts().forged ?? 0) - (before.forged ?? 0)).toBe(forged.includes('lane=') ? 1 : 0);
  });

  test('is baseline 10,000 times: forged, expired, or made for another audience', () => {
    expect(arriving(header)).toBe('gray');
    const before = baggageCounts();
    const elsewhere = signedAt(now, 'gray', current, 'bank');
    const expired = signedAt(now - 1000, 'gray', current);
    const offered = Array.from({ length: 10_000 }, (_, index) => {
      if (index % 4 === 0)
        return `lane=gray,lane-seal=1.0.${now + index}.2026-11.shop.${turned(signature, index)}`;
      if (index % 4 === 1) return expired;
      return index % 4 === 2 ? elsewhere : signedAt(now, `gray-${index}`, stranger);
    });
    expect(offered.filter((one) => arriving(one) !== 'baseline')).toEqual([]);
    expect(arriving(header)).toBe('gray');
    const after = baggageCounts();
    expect((after.forged ?? 0) - (before.forged ?? 0)).toBe(7_500);
    expect((after.expired ?? 0) - (before.expired ?? 0)).toBe(2_500);
  });
});

describe('pins', () => {
  test('are signed by a service that verifies, when they leave, and come in at the next one', () => {
    const request = admit([signed('gray', current)], policy, ROOT_CONTEXT);
    getCell(request)?.pin('fee', { variant: 'on', revision: '7' });
    getCell(request)?.pin('tax', { variant: 'b', revision: '7' });
    const header = written(request);
    expect(header).toMatch(
      new RegExp(
        `,pins=fee\\.on\\.7\\.tax\\.b\\.7,pins-seal=1\\.0\\.${now + 300}\\.2026-11\\.shop\\.[\\w-]{43},user-id=ada$`,
      ),
    );
    const next = admit([header], policy, ROOT_CONTEXT);
    expect(getCell(next)?.pins.get('tax')).toEqual({ variant: 'b', revision: '7' });
    expect(written(next)).toBe(header.replace('lane-seal=1.1.', 'lane-seal=1.2.'));
  });

  test('are signed by the edge that signs the lane', () => {
    const header = runInLane(
      'gray',
      () => {
        getActiveCell()?.pin('fee', { variant: 'on', revision: '7' });
        return sent();
      },
      { sign: { key: current, audience: 'shop' } },
    );
    expect(getCell(admit([header], policy, ROOT_CONTEXT))?.pins.size).toBe(1);
  });

  test('are refused without a signature, with a wrong one, and beside another lane; the lane stays', () => {
    const gray = signed('gray', current).split(',').slice(0, 2).join(',');
    const sealOf = (header: string): string => header.slice(header.indexOf('seal=') + 5);
    for (const pins of [
      'pins=fee.on.7',
      pinned('gray').replace('fee', 'tax'),
      pinned('gray').replace('.on.7', '.on.7.tax.on.7'),
      pinned('blue'),
      `pins=gray,pins-seal=${sealOf(gray)}`,
      `pins=,pins-seal=${sealOf(gray)}`,
    ]) {
      const before = baggageCounts().forged ?? 0;
      const request = admit([`${gray},${pins}`], policy, ROOT_CONTEXT);
      expect([pins, getLane(request)]).toEqual([pins, 'gray']);
      expect(getCell(request)?.pins.size).toBe(0);
      expect(written(request)).not.toContain('pins');
      expect(baggageCounts().forged).toBe(before + 1);
    }
    expect(getCell(admit([`${gray},${pinned('gray')}`], policy, ROOT_CONTEXT))?.pins.size).toBe(1);
    const swapped = pinned('gray')
      .replaceAll('pins', 'lane')
      .replace(/lane=[^,]*/, 'lane=gray');
    expect(arriving(swapped)).toBe('baseline');
  });

  test('are refused without a valid lane', () => {
    expect(getCell(admit([pinned('gray')], policy, ROOT_CONTEXT))?.pins.size).toBe(0);
  });

  test('of a service without a key leave unsigned', () => {
    const request = admit(['lane=gray'], { mode: 'accept', keys: ['lane'] }, ROOT_CONTEXT);
    getCell(request)?.pin('fee', { variant: 'on', revision: '7' });
    expect(written(request)).toBe('lane=gray,pins=fee.on.7');
  });

  test('that were added before a late dye are signed for its lane', () => {
    const request = admit([signed('baseline', current)], policy, ROOT_CONTEXT);
    getCell(request)?.pin('fee', { variant: 'on', revision: '7' });
    const early = written(request);
    expect(getCell(admit([early], policy, ROOT_CONTEXT))?.pins.size).toBe(1);
  });

  function pinned(lane: string): string {
    const request = admit([signed(lane, current)], policy, ROOT_CONTEXT);
    getCell(request)?.pin('fee', { variant: 'on', revision: '7' });
    return written(request)
      .split(',')
      .filter((member) => member.startsWith('pins'))
      .join(',');
  }
});

describe('a policy that cannot work is refused when it is made', () => {
  test.each<[string, Partial<VerifyPolicy>]>([
    ['the signing key "k" has 5 bytes', { signingKeys: [{ id: 'k', secret: 'short' }] }],
    ['needs an id', { signingKeys: [{ id: '', secret: current.secret }] }],
    ['at least one signing key', { signingKeys: [] }],
    ['need an audience', { audience: '' }],
  ])('%s', (words, part) => {
    expect(() => baggageMiddleware({ ingress: { ...policy, ...part } })).toThrow(words);
  });

  test.each<[string, object]>([
    ['ttlSeconds is 0: use a positive', { ttlSeconds: 0 }],
    ['ttlSeconds is NaN: use a positive', { ttlSeconds: Number.NaN }],
    ['has 5 bytes', { sign: { key: { id: 'k', secret: 'short' }, audience: 'shop' } }],
    ['need an audience', { sign: { key: current, audience: '' } }],
  ])('%s', (words, part) => {
    const dye = { client: { getStringValue: () => 'gray' }, evaluationContext: () => ({}), ...part };
    expect(() => baggageMiddleware({ dye })).toThrow(words);
  });
});

function signed(lane: string, key: SigningKey, audience = 'shop'): string {
  const members = { 'user-id': 'ada', tenant: 'acme' };
  return runInLane(lane, sent, { members, sign: { key, audience } });
}

function signedAt(seconds: number, lane: string, key: SigningKey, audience?: string): string {
  vi.setSystemTime(seconds * 1000);
  const header = signed(lane, key, audience);
  vi.setSystemTime(now * 1000);
  return header;
}

function sent(): string {
  return written(context.active());
}

function written(otelContext: Context): string {
  return emit(otelContext, everywhere, 'anywhere') ?? '';
}

function arriving(header: string, ingress = policy): string {
  return getLane(admit([header], ingress, ROOT_CONTEXT));
}

/** A signature with one character changed, another one for each index. */
function turned(signature: string, index = 0): string {
  const at = index % 42;
  const other = signature[at] === 'A' ? 'B' : 'A';
  return signature.slice(0, at) + other + signature.slice(at + 1);
}
