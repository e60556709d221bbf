import {
  admit,
  baggageCounts,
  emit,
  getActiveCell,
  getCell,
  getLane,
  runInLane,
  setKilledLanes,
  type BaggageEvent,
  type Dye,
} from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/hono';
import { withBaggageConsumer } from '@graylane/baggage/kafka';
import { context, diag, DiagLogLevel, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { dyeRequest } from '../src/policy/dye.ts';
import { RequestCell } from '../src/request/cell.ts';

/* The ways into baseline that silence.test.ts does not have, by OpenTelemetry's `diag`. */

const accept = { mode: 'accept', keys: ['lane', 'user-id'] } as const;
const egress = { to: { 'http://orders': ['lane', 'user-id'] } };
let lines: string[] = [];

beforeAll(() => {
  const log = (line: string): void => void lines.push(line);
  diag.setLogger({ error: log, warn: log, info: log, debug: log, verbose: log }, DiagLogLevel.WARN);
  setKilledLanes(lines, ['dead']);
});
afterAll(() => diag.disable());
beforeEach(() => {
  lines = [];
});

/** Messages of a kind that `diag` has got already. */
const other = { warn: (line: string): void => void lines.push(line) };
const admitted = (header: string): ReturnType<typeof admit> => admit([header], accept, ROOT_CONTEXT);

async function dyed(part: Partial<Dye<unknown>>): Promise<void> {
  const client = { getStringValue: () => 'gray' };
  await dyeRequest({ client, evaluationContext: () => ({}), ...part }, {}, new RequestCell());
}

const ways: Readonly<Record<string, [BaggageEvent, () => unknown, RegExp]>> = {
  'a lane that is killed, at an ingress': [
    'killed',
    () => expect(getLane(admitted('lane=dead'))).toBe('baseline'),
    /the lane is killed, by GRAYLANE_KILL or at the flag server/,
  ],
  'a lane that is killed, in code': [
    'killed',
    () => runInLane('dead', () => expect(getActiveCell()?.lane).toBe('baseline')),
    /the lane "dead" is killed/,
  ],
  'a lane that the dye rule returns and dye.lanes does not have': [
    'unknown',
    () => dyed({ lanes: ['team-a'] }),
    /returned "gray", which dye\.lanes does not have: add it there/,
  ],
  'a lane that the request chooses and dye.choice.lanes does not have': [
    'unknown',
    () => dyed({ choice: { lanes: ['team-a'], lane: () => 'gray' } }),
    /chose the lane "gray", which dye\.choice\.lanes does not have/,
  ],
  'baggage that code has deleted': [
    'escaped',
    () => emit(propagation.deleteBaggage(admitted('lane=gray')), egress, 'http://orders'),
    /without its lane, since code deleted the baggage/,
  ],
  'a dye after a call': [
    'escaped',
    () => {
      const late = admitted('user-id=ada');
      emit(late, egress, 'http://orders');
      getCell(late)?.dye('gray');
    },
    /dyed with "gray" after it had called another service: dye it first/,
  ],
  'a lane that code writes into the baggage': [
    'leaked',
    () => {
      const byHand = propagation.createBaggage({ lane: { value: 'gray' } });
      const sent = emit(propagation.setBaggage(admitted('user-id=ada'), byHand), egress, 'http://orders');
      expect(sent).toBeUndefined();
    },
    /code wrote a lane into the baggage .* use runInLane/,
  ],
  'a batch of Kafka whose messages are not opened': [
    'unadmitted',
    async () => {
      const messages = [{ headers: { baggage: 'lane=gray' }, value: null }];
      let handle = (_payload: object): Promise<void> => Promise.resolve();
      const run = (config: { eachBatch: typeof handle }): Promise<void> => {
        handle = config.eachBatch;
        return Promise.resolve();
      };
      const consumer = withBaggageConsumer({ run } as never, { ingress: accept }) as { run: typeof run };
      await consumer.run({ eachBatch: () => Promise.resolve() });
      await handle({ batch: { topic: 'paid', messages } });
    },
    /eachBatch handled them in baseline: pass each to forEachMessage/,
  ],
  'Hono without the server of Node': [
    'undyed',
    () => baggageMiddleware({ ingress: accept })({ env: {} } as never, () => Promise.resolve()),
    /baggageMiddleware needs the server of Node/,
  ],
  'a lane that is malformed': [
    'rejected',
    () => expect(getLane(admitted('user-id=ada,lane=gr"ay'))).toBe('baseline'),
    /its member "lane" can't be read: it is malformed/,
  ],
  'a lane beyond the limits': [
    'dropped',
    () => {
      const policy = { mode: 'accept', keys: ['lane', 'k'], logger: other } as const;
      const header = `k=${'x'.repeat(70_000)},lane=gray`;
      expect(getLane(admit([header], policy, ROOT_CONTEXT))).toBe('baseline');
    },
    /its member "lane" can't be read: .*longer than 65536/,
  ],
};

test.each(Object.entries(ways))('%s is logged once, with the remedy, and counted', async (_what, way) => {
  const [event, take, remedy] = way;
  const before = baggageCounts()[event] ?? 0;
  for (let request = 0; request < 3; request += 1) await context.with(ROOT_CONTEXT, take);
  expect(lines).toEqual([expect.stringMatching(remedy)]);
  expect(lines[0]).toMatch(/^graylane: [^\n]* \(logged once\)$/);
  expect(baggageCounts()[event] ?? 0).toBeGreaterThanOrEqual(before + 3);
});
