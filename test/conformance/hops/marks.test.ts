import { admit, emit, getActiveCell, getCell, runInLane, type VerifyPolicy } from '@graylane/baggage';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { describeWith } from '../../components/components.ts';
import { goHop, javaHops, pythonHop, runMarks } from '../../components/clients/hops.ts';
import { secret } from './kinds.ts';

for (const hop of [pythonHop, goHop, ...javaHops.slice(-1)]) {
  await describeWith(
    hop,
    `marks that a program writes and reads from the specification alone: ${hop.name}`,
    () => {
      const subjects = ['gray', 'baseline', 'x'.repeat(63), 'gray-control'].flatMap((lane, index) =>
        ['', 'checkout.on.7', 'a~2eb..r'].map((pins) => ({
          keyId: ['k', '2026/11 ü'][index % 2] ?? '',
          audience: ['shop', 'shop.eu ~'][index % 2] ?? '',
          laneKey: ['lane', 'x!mesh'][index % 2] ?? '',
          lane,
          pins,
        })),
      );
      const expiry = Math.floor(Date.now() / 1000) + 300;
      const fields = ({ keyId, audience, laneKey, lane, pins }: (typeof subjects)[number]): string[] => [
        keyId,
        secret.toString('hex'),
        audience,
        String(expiry),
        laneKey,
        lane,
        pins,
      ];

      test('are verified here', () => {
        const seals = runMarks(
          hop,
          subjects.filter(({ pins }) => pins === '').map((subject) => ['sign', ...fields(subject)]),
        );
        for (const [index, subject] of subjects.filter(({ pins }) => pins === '').entries()) {
          const { keyId, audience, laneKey, lane } = subject;
          const policy: VerifyPolicy = {
            mode: 'verify',
            signingKeys: [{ id: keyId, secret }],
            audience,
            laneKey,
          };
          const header = `${laneKey}-seal=${seals[index]},${laneKey}=${lane}`;
          expect(getCell(admit([header], policy, ROOT_CONTEXT))?.lane).toBe(lane);
          expect(emit(admit([header], policy, ROOT_CONTEXT), { to: { a: [laneKey] } }, 'a')).toContain(
            '=1.1.',
          );
        }
      });

      test('are verified there, and forged ones refused', () => {
        const lines = subjects.map((subject) => ({ subject, seal: sealOf(subject) }));
        const now = String(expiry);
        const verdicts = runMarks(hop, [
          ...lines.map(({ subject, seal }) => ['verify', ...fields(subject), seal, now]),
          ...lines.map(({ subject, seal }) => ['verify', ...fields(subject), seal, String(expiry + 1000)]),
          ...lines.map(({ subject, seal }) => ['verify', ...fields({ ...subject, lane: 'blue' }), seal, now]),
        ]);
        const expected = ['valid', 'expired', 'forged'].flatMap((verdict) => lines.map(() => verdict));
        expect(verdicts).toEqual(expected);
      });

      function sealOf({ keyId, audience, laneKey, lane, pins }: (typeof subjects)[number]): string {
        const send = (): string => {
          const [flag, variant = '', revision = ''] = pins.split('.');
          if (flag) getActiveCell()?.pin(flag.replace('~2e', '.'), { variant, revision });
          return emit(context.active(), { to: { a: [laneKey] } }, 'a') ?? '';
        };
        const options = { laneKey, ttlSeconds: 300, sign: { key: { id: keyId, secret }, audience } };
        const member = pins === '' ? `${laneKey}-seal=` : 'pins-seal=';
        const seal = runInLane(lane, send, options)
          .split(',')
          .find((one) => one.startsWith(member))
          ?.slice(member.length);
        return seal ?? '';
      }
    },
  );
}
