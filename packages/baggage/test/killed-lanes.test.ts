import {
  admit,
  baggageCounts,
  getActiveLane,
  getLane,
  isKilledLane,
  runInLane,
  setKilledLanes,
  type IngressPolicy,
} from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';

// Before the first look at a lane, which reads the variable.
vi.stubEnv('GRAYLANE_KILL', 'gray, team-a,Gray Lane,baseline');

const accept: IngressPolicy = { mode: 'accept', keys: ['lane', 'pins', 'user-id'] };
const owner = {};

afterEach(() => setKilledLanes(owner, []));

function laneAfter(header: string, policy = accept): string {
  return getLane(admit([header], policy, ROOT_CONTEXT));
}

describe('GRAYLANE_KILL', () => {
  test('names lanes that are killed with their control lanes; names that are no lanes kill nothing', () => {
    const warn = vi.spyOn(diag, 'warn');
    expect(['gray', 'gray-control', 'team-a', 'team-b', 'baseline'].map(isKilledLane)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(warn.mock.calls.join()).toContain('"Gray Lane" is not a lane');
    expect(warn.mock.calls.join()).toContain('leave it out');
  });

  test('puts a request that was dyed before into baseline at the next ingress, and counts it', () => {
    const before = baggageCounts().killed ?? 0;
    expect(laneAfter('lane=gray,user-id=ada')).toBe('baseline');
    expect(laneAfter('lane=gray-control')).toBe('baseline');
    expect(laneAfter('lane=team-b')).toBe('team-b');
    expect(baggageCounts().killed).toBe(before + 2);
  });

  test('keeps a dye rule, a choice and a job from the lane', async () => {
    expect(await dyed({ getStringValue: () => 'gray' })).toBe('baseline');
    expect(await dyed({ getStringValue: () => 'team-b' })).toBe('team-b');
    const choice = { lanes: ['gray'], lane: () => 'gray' };
    expect(await dyed({ getStringValue: () => 'team-b' }, { choice })).toBe('baseline');
    expect(runInLane('gray', getActiveLane)).toBe('baseline');
  });
});

test('lanes that a provider kills are killed until it lifts them', () => {
  expect(laneAfter('lane=team-b')).toBe('team-b');
  setKilledLanes(owner, ['team-b']);
  expect(laneAfter('lane=team-b')).toBe('baseline');
  setKilledLanes({}, ['team-c']);
  setKilledLanes(owner, []);
  expect(laneAfter('lane=team-b')).toBe('team-b');
  expect(laneAfter('lane=team-c')).toBe('baseline');
  expect(laneAfter('lane=gray')).toBe('baseline');
});

async function dyed(client: { getStringValue: () => string }, more = {}): Promise<string> {
  const request = new IncomingMessage(new Socket());
  const middleware = baggageMiddleware({
    ingress: { mode: 'strip' },
    dye: { client, evaluationContext: () => ({}), ...more },
  });
  return new Promise((resolve) => {
    middleware(request as Parameters<typeof middleware>[0], new ServerResponse(request), () =>
      resolve(getActiveLane()),
    );
  });
}
