import {
  admit,
  baggageCounts,
  emit,
  getCell,
  getLane,
  runInLane,
  type BaggageEvent,
  type Dye,
  type IngressPolicy,
} from '@graylane/baggage';
import { context, diag, DiagLogLevel, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dyeRequest } from '../src/policy/dye.ts';
import { RequestCell } from '../src/request/cell.ts';

const key = { id: '2026-11', secret: 'x'.repeat(32) };
const verify = { mode: 'verify', signingKeys: [key], audience: 'shop' } as const;
const accept = { mode: 'accept', keys: ['lane'] } as const;
let lines: string[];
let logger: { warn(line: string): void };

beforeEach(() => {
  lines = [];
  logger = { warn: (line) => void lines.push(line) };
});
afterEach(() => diag.disable());

describe('each way into baseline is logged once, with the remedy, and counted', () => {
  test.each<[BaggageEvent, string, IngressPolicy, RegExp]>([
    ['stripped', 'lane=gray', { mode: 'strip' }, /ingress policy removed it: .*mode: "verify"/],
    ['stripped', 'lane=gray,a=1', { mode: 'accept', keys: ['a'] }, /add "lane" to ingress\.keys/],
    ['stripped', 'user-id=ada', verify, /call this service through an edge that signs/],
    ['forged', 'lane=gray', verify, /give this service the key and the audience of the edge/],
    ['rejected', 'lane=gray,lane-seal=2.0.', accept, /its seal is malformed/],
    ['expired', 'lane=gray,lane-seal=1.0.1', accept, /raise the ttlSeconds/],
    ['invalid', 'lane=Gray%0A', accept, /"Gray\\n" is not a lane: use 1 to 63 lower-case letters/],
    [
      'unknown',
      'lane=gray',
      { ...accept, lanes: ['team-a'] },
      /ingress\.lanes does not have this lane: add it/,
    ],
    ['looped', 'lane=gray,lane-seal=1.32.', accept, /look for a loop of calls/],
  ])('%s: %s', (event, header, policy, remedy) => {
    const logging = { ...policy, logger };
    const before = baggageCounts()[event] ?? 0;
    for (let request = 0; request < 3; request += 1) {
      expect(getLane(admit([header], logging, ROOT_CONTEXT))).toBe('baseline');
    }
    expect(lines).toEqual([expect.stringMatching(remedy)]);
    expect(lines[0]).toMatch(/^graylane: [^\n]* \(logged once\)$/);
    expect(baggageCounts()[event] ?? 0).toBeGreaterThanOrEqual(before + 3);
  });

  test.each<[string, Partial<Dye<unknown>>, RegExp]>([
    [
      'no dye rule',
      rule({ errorCode: 'FLAG_NOT_FOUND' }),
      /"lane" does not exist: create a string flag .* or set dye\.flag/,
    ],
    [
      'a rule of another type',
      rule({ errorCode: 'TYPE_MISMATCH' }),
      /"lane" is not a string flag: make its variants lanes/,
    ],
    [
      'a provider that is not ready',
      rule({ errorCode: 'PROVIDER_NOT_READY', errorMessage: 'no flags' }),
      /PROVIDER_NOT_READY \(no flags\)/,
    ],
    ['a value of another type', { client: { getStringValue: () => true as never } }, /returned a boolean/],
    ['a client that throws', { client: { getStringValue: () => Promise.reject(new Error('away')) } }, /away/],
    [
      'a client that never responds',
      { timeoutMs: 1, client: { getStringValue: () => new Promise(() => {}) } },
      /took more than 1 ms: raise dye\.timeoutMs/,
    ],
    ['a context that throws', { evaluationContext: () => JSON.parse('{') as never }, /undyed: .*JSON/],
  ])('undyed: %s', async (_what, part, remedy) => {
    const client = { getStringValue: () => 'gray' };
    const dye: Dye<unknown> = { client, evaluationContext: () => ({}), ...part, logger };
    const before = baggageCounts().undyed ?? 0;
    for (let request = 0; request < 3; request += 1) {
      const cell = new RequestCell();
      await dyeRequest(dye, {}, cell);
      expect(cell.lane).toBe('baseline');
    }
    expect(lines).toEqual([expect.stringMatching(remedy)]);
    expect(baggageCounts().undyed).toBe(before + 3);
  });

  test('a call to a destination that egress does not name, from a dyed request only', () => {
    const policy = { to: { 'http://named': [], 'http://keys': ['user-id'] }, logger };
    for (let call = 0; call < 3; call += 1) {
      emit(admit(['lane=gray'], accept, ROOT_CONTEXT), policy, 'http://forgotten');
      emit(admit(['lane=gray'], accept, ROOT_CONTEXT), policy, 'http://named');
      emit(admit(['lane=gray'], accept, ROOT_CONTEXT), policy, 'http://keys');
      emit(admit([''], accept, ROOT_CONTEXT), policy, 'http://keys');
      emit(admit([''], accept, ROOT_CONTEXT), policy, 'http://other');
    }
    expect(lines).toEqual([
      expect.stringMatching(/"http:\/\/forgotten" .*egress\.to does not name .*add it .*or with \[\]/),
      expect.stringMatching(
        /"http:\/\/keys" .*since the keys of egress\.to for it do not have "lane": add it, or use \[\]/,
      ),
    ]);
  });

  test('baggage that no policy admitted, and a lane that is none: by diag, if there is no other logger', () => {
    const log = (line: string): void => void lines.push(line);
    diag.setLogger({ error: log, warn: log, info: log, debug: log, verbose: log }, DiagLogLevel.WARN);
    const baggage = propagation.createBaggage({ lane: { value: 'gray' } });
    expect(getLane(propagation.setBaggage(ROOT_CONTEXT, baggage))).toBe('baseline');
    expect(runInLane('Team A', () => getCell(context.active())?.lane)).toBe('baseline');
    expect(lines).toEqual([
      expect.stringMatching(/no ingress policy admitted is ignored .*use a middleware of graylane/),
      expect.stringMatching(/"Team A" is not a lane/),
    ]);
  });

  test('though the logger fails', () => {
    const failing = {
      warn: () => {
        throw new Error('full');
      },
    };
    expect(getLane(admit(['lane=gray'], { mode: 'strip', logger: failing }, ROOT_CONTEXT))).toBe('baseline');
  });
});

function rule(details: object): Partial<Dye<unknown>> {
  const getStringDetails = (): never => ({ value: 'baseline', ...details }) as never;
  return { client: { getStringValue: () => 'gray', getStringDetails } };
}
