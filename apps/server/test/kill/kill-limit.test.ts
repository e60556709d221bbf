import { afterAll, beforeAll, expect, test } from 'vitest';
import { fees, serve, type Served } from '../support/serve.ts';

const entry = { at: '2026-11-26T08:00:00.000Z', author: 'ada' };
const lanes = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`pr-${index}`, entry]));
let served: Served;

beforeAll(async () => {
  served = await serve(JSON.stringify({ $killed: { lanes }, flags: { fees } }));
});
afterAll(() => served.close());

async function act(method: string, path: string, body?: object): Promise<[number, string]> {
  const response = await fetch(`${served.url}/api/v1/environments/default/kill${path}?wait=0`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return [response.status, await response.text()];
}

test('so many lanes are killed at one time that rules, which list them, stay short', async () => {
  const [status, text] = await act('POST', '', { lane: 'gray' });
  expect([status, text]).toEqual([400, expect.stringContaining('251 names, more than 250')]);
  // One that is killed already, a flag, and a lane in place of another one.
  expect((await act('POST', '', { lane: 'pr-7' }))[0]).toBe(200);
  expect((await act('POST', '', { flag: 'fees' }))[0]).toBe(200);
  expect((await act('DELETE', '/lanes/pr-7'))[0]).toBe(200);
  expect((await act('POST', '', { lane: 'gray' }))[0]).toBe(200);
});
