import { emit, runInLane, type SigningKey, type VerifyPolicy } from '@graylane/baggage';
import { context } from '@opentelemetry/api';
import { vi } from 'vitest';

const key: SigningKey = { id: '2026-11', secret: new Uint8Array(32).fill(7) };
const stranger: SigningKey = { id: '2026-11', secret: 'what a stranger believes the secret is' };
const egress = { to: { anywhere: ['lane'] } };

/** Lets in what the edge of these tests has signed. */
export const verify: VerifyPolicy = { mode: 'verify', signingKeys: [key], audience: 'shop' };

/** A header with a lane, as an edge writes it: by default ours, now, for the shop. */
export function signedLane({
  lane = 'gray',
  by = key,
  audience = 'shop',
  hoursAgo = 0,
}: { lane?: string; by?: SigningKey; audience?: string; hoursAgo?: number } = {}): string {
  vi.setSystemTime(Date.now() - hoursAgo * 3_600_000);
  try {
    const sign = { key: by, audience };
    return runInLane(lane, () => emit(context.active(), egress, 'anywhere') ?? '', { sign });
  } finally {
    vi.useRealTimers();
  }
}

/**
 * So many headers with a gray lane that no edge of the shop has signed, or not for now, each
 * another one.
 */
export function forgedLanes(count: number): string[] {
  const kinds = [
    'lane=gray',
    'lane=gray,lane-seal=1.0.9999999999.2026-11.shop.',
    'lane=gray,lane-seal=1.0.9999999999',
    signedLane({ by: stranger }),
    signedLane({ by: { ...key, id: 'unknown' } }),
    signedLane({ audience: 'partner' }),
    signedLane({ hoursAgo: 24 }),
    signedLane({ hoursAgo: 24 }).replace(/1\.0\.\d+/, '1.0.9999999999'),
    signedLane({ lane: 'blue' }).replace('lane=blue', 'lane=gray'),
    signedLane().replace(/.$/, ''),
    `${signedLane({ lane: 'blue' })},lane=gray`,
    signedLane().replace('lane-seal', 'zone-seal'),
  ];
  return Array.from({ length: count }, (_, index) => `${kinds[index % kinds.length]};n=${index}`);
}
