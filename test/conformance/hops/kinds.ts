import { randomBytes } from 'node:crypto';
import { admit, emit, getActiveCell, getCell, runInLane, type VerifyPolicy } from '@graylane/baggage';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { expect } from 'vitest';

/** The secret of the key that signs. */
export const secret = randomBytes(32);
const key = { id: '2026-11', secret };
const keys = ['lane', 'user-id'];
/** Admits signed marks, or all. */
export const verify: VerifyPolicy = { mode: 'verify', signingKeys: [key], audience: 'shop.eu', keys };
export const accept = { mode: 'accept', keys } as const;
const sign = { key, audience: 'shop.eu' };
const egress = { to: { anywhere: keys } };
/** Ids that people use, and characters that propagators treat differently. */
export const ids = [
  'ada',
  'ada+shop@example.org',
  'a=b&c;d,e',
  '100%',
  '%2B',
  '灰度-🎨',
  '"q"\\',
  '~a.b_c-d',
  '!#$*^`|',
  'a/b?c:d',
];

/** The baggage that our edge sends, for one request of each kind. */
export const kinds: Record<string, (id: string) => string> = {
  signed: (id) => sent('gray', id, { sign }),
  'signed baseline': (id) => sent('baseline', id, { sign }),
  unsigned: (id) => sent('gray', id),
  expiring: (id) => sent('gray', id, { ttlSeconds: 600 }),
  pinned: (id) => sent('gray', id, { sign }, true),
};

function sent(lane: string, id: string, options: object = {}, isPinned = false): string {
  const send = (): string => {
    if (isPinned) getActiveCell()?.pin('checkout/v2', { variant: 'neu+alt', revision: '37471884223a.4' });
    return emit(context.active(), egress, 'anywhere') ?? '';
  };
  return runInLane(lane, send, { ...options, members: { 'user-id': id } });
}

/** That the request is behind a hop what it was before it, and our members are unchanged. */
export function expectWhole(kind: string, id: string, before: string, after: string): void {
  expectAdmitted(kind, id, after);
  for (const member of before.split(',').filter((one) => !one.startsWith('user-id='))) {
    expect(after.split(',')).toContain(member);
  }
}

/** That the request is admitted as what it was, whatever a hop has encoded. */
export function expectAdmitted(kind: string, id: string, after: string): void {
  const isSigned = !/^(?:unsigned|expiring)$/.test(kind);
  const cell = getCell(admit([after], isSigned ? verify : accept, ROOT_CONTEXT));
  const lane = kind.includes('baseline') ? 'baseline' : 'gray';
  expect([kind, id, cell?.lane]).toEqual([kind, id, lane]);
  expect(cell?.baggage.getEntry('user-id')?.value).toBe(id);
  expect(cell?.pins.get('checkout/v2')?.variant).toBe(kind === 'pinned' ? 'neu+alt' : undefined);
  // The next hop counts.
  const next = emit(admit([after], isSigned ? verify : accept, ROOT_CONTEXT), egress, 'anywhere');
  expect(next?.includes('lane-seal=1.1.')).toBe(kind !== 'unsigned');
}
