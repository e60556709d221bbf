import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { postgres, startPostgres } from '../../../../test/components/services/postgres.ts';
import { Volume, volumes } from '../../../../test/components/tools/volume.ts';
import { admin } from '../support/admin.ts';
import { serveDatabase } from '../support/database.ts';
import { fees } from '../support/serve.ts';

const both = {
  ...volumes,
  available: async () => (await volumes.available()) && postgres.available(),
};

await describeWith(both, 'a database whose disk is full', () => {
  test('refuses writes with 507 and loses nothing; the next write that works ends it', async () => {
    const volume = await Volume.inMemory(64);
    const server = await startPostgres({ within: volume.within });
    volume.run(`chmod a+x ${dirname(volume.path)} ${volume.path}`);
    volume.run(`mkdir ${volume.path}/space && chown postgres ${volume.path}/space`);
    await server.run(`create tablespace small location '${volume.path}/space'`);
    const replica = await serveDatabase(await server.createDatabase('small', 'tablespace small'));
    const put = async (key: string): Promise<Awaited<ReturnType<ReturnType<typeof admin>>>> =>
      admin(replica.url)('PUT', `flags/${key}`, {
        // It can't be compressed, and fits into no page that is there.
        body: { ...fees, metadata: { text: randomBytes(400_000).toString('base64') } },
        headers: { 'if-none-match': '*' },
      });
    const health = async (): Promise<unknown> => (await fetch(`${replica.managementUrl}/healthz`)).json();
    try {
      expect(await put('before')).toMatchObject({ status: 201 });
      volume.run(`dd if=/dev/zero of=${volume.path}/filler bs=64k 2>/dev/null || true`);
      const refused = await put('during');
      expect(refused.status).toBe(507);
      expect(refused.body['detail']).toContain('its disk is full: free space and send the change again');
      expect(await health()).toMatchObject({
        status: 'degraded',
        database: { message: expect.stringContaining('its disk is full') },
      });
      expect((await admin(replica.url)('GET', 'flags/during')).status).toBe(404);
      volume.run(`rm ${volume.path}/filler`);
      expect(await put('during')).toMatchObject({ status: 201 });
      expect(await health()).toMatchObject({ status: 'ok' });
      expect((await admin(replica.url)('GET', 'history')).body['revisions']).toHaveLength(3);
    } finally {
      await replica.server.close();
      await server.close();
      await volume.close();
    }
  });
});
