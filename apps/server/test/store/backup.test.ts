import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer } from '@graylane/server';
import { expect, test } from 'vitest';
import { verifyCommand } from '../../src/cli/commands/verify.ts';
import { admin } from '../support/admin.ts';
import { fees, serveFolder } from '../support/serve.ts';

const page = fileURLToPath(new URL('../../../../docs/operating.md', import.meta.url));

test('a copy that was made by the documented commands during writes is a valid folder', async () => {
  const backup = mkdtempSync(`${tmpdir()}/graylane-backup-`);
  const served = await serveFolder({ flags: { fees } });
  const folder = dirname(dirname(dirname(served.file)));
  const copying = new AbortController();
  let acknowledged = 0;
  const write = async (): Promise<void> => {
    for (let number = 0; !copying.signal.aborted; number += 1) {
      const body = { metadata: { number } };
      const { status } = await admin(served.url)('PATCH', 'flags/fees', {
        body,
        headers: { 'if-match': '*' },
      });
      expect(status).toBe(200);
      acknowledged = number;
    }
  };
  const writing = write();
  await expect.poll(() => acknowledged).toBeGreaterThan(5);
  const before = acknowledged;
  const script = commands().replace('cd DIR', `cd ${folder}`).replaceAll('BACKUP/', `${backup}/`);
  for (const command of script.trim().split('\n')) {
    // Between the two copies, the server writes more.
    const reached = acknowledged;
    execFileSync('bash', ['-ec', `cd ${folder}; ${command}`]);
    await expect.poll(() => acknowledged).toBeGreaterThan(reached);
  }
  copying.abort();
  await writing;
  await served.close();

  expect(await verifyCommand({ at: { data: backup } })).toBe(0);
  const log = { info: () => {}, warn: () => {} };
  const ports = { port: 0, grpcPort: 0, managementPort: 0 };
  const restored = await createServer({ source: { data: backup }, ...ports }, log);
  const { body } = await admin(`http://127.0.0.1:${restored.port}`)('GET', 'flags/fees');
  expect((body['metadata'] as { number: number }).number).toBeGreaterThanOrEqual(before);
  await restored.close();
  rmSync(backup, { recursive: true });
});

test('the first write of a folder that was made by hand is not taken for an edit after a crash', async () => {
  const crashed = mkdtempSync(`${tmpdir()}/graylane-crashed-`);
  const served = await serveFolder({ flags: { fees } });
  await admin(served.url)('PATCH', 'flags/fees', {
    body: { metadata: { number: 1 } },
    headers: { 'if-match': '*' },
  });
  // The flags file follows the journal later.
  cpSync(dirname(dirname(dirname(served.file))), crashed, { recursive: true });
  rmSync(`${crashed}/lock`, { force: true });
  await served.close();
  const log = { info: () => {}, warn: () => {} };
  const restarted = await createServer(
    { source: { data: crashed }, port: 0, grpcPort: 0, managementPort: 0 },
    log,
  );
  const send = admin(`http://127.0.0.1:${restarted.port}`);
  expect((await send('GET', 'flags/fees')).body).toEqual({ ...fees, metadata: { number: 1 } });
  expect((await send('GET', 'history')).body['revisions']).toHaveLength(2);
  await restarted.close();
  rmSync(crashed, { recursive: true });
});

function commands(): string {
  const [, section = ''] = readFileSync(page, 'utf8').split('## Backup and restore');
  const [, block = ''] = /```sh\n([^`]*)```/.exec(section) ?? [];
  return block;
}
