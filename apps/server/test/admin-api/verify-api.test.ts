import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { admin } from '../support/admin.ts';
import { fees, serve, serveFolder } from '../support/serve.ts';

test('the chain of a history is verified, and a forged line found', async () => {
  const served = await serveFolder({ flags: { fees } });
  try {
    const api = admin(served.url);
    const create = { 'if-none-match': '*' };
    for (const name of ['one', 'two']) await api('PUT', `flags/${name}`, { body: fees, headers: create });
    const sound = await api('GET', 'verify');
    expect([sound.status, sound.body]).toEqual([
      200,
      { revisions: 3, head: expect.stringMatching(/^[0-9a-f]{64}$/), faults: [] },
    ]);
    const journal = `${dirname(served.file)}/journal.jsonl`;
    writeFileSync(journal, readFileSync(journal, 'utf8').replace('"flags","one"', '"flags","uno"'));
    const forged = await api('GET', 'verify');
    expect(forged.body['faults']).toEqual([expect.stringContaining('its hash does not match')]);
  } finally {
    await served.close();
  }
});

test('a history in memory has no chain', async () => {
  const served = await serve({ flags: { fees } });
  try {
    const refused = await admin(served.url)('GET', 'verify');
    expect([refused.status, refused.body['detail']]).toEqual([404, expect.stringContaining('--data DIR')]);
  } finally {
    await served.close();
  }
});
