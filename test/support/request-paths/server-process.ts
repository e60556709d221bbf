// The requests to a flag server, in a process that does nothing else.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import process from 'node:process';
import { createServer } from '@graylane/server';
import { lane, user } from './flags.ts';
import { reportVisitedFiles } from './visited-files.ts';

const folder = mkdtempSync(`${tmpdir()}/graylane-paths-`);
mkdirSync(`${folder}/environments/default`, { recursive: true });
writeFileSync(`${folder}/environments/default/flags.json`, JSON.stringify({ flags: { lane } }));
const log = { info: () => {}, warn: () => {} };
const settings = { source: { data: folder }, port: 0, grpcPort: 0, managementPort: 0 };
const server = await createServer(settings, log);
const url = `http://127.0.0.1:${server.port}`;
const flagUrl = `${url}/api/v1/environments/default/flags/lane`;
const json = { 'content-type': 'application/json' };

let tag = '';
let puts = 0;
await reportVisitedFiles({
  'an OFREP request': async () =>
    send(`${url}/ofrep/v1/evaluate/flags/lane`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ context: user }),
    }),
  'a GET of a flag': async () => send(flagUrl),
  'a PUT of a flag': async () =>
    send(flagUrl, {
      method: 'PUT',
      headers: { ...json, 'if-match': tag },
      body: JSON.stringify({ ...lane, state: puts++ % 2 === 0 ? 'DISABLED' : 'ENABLED' }),
    }),
});
await server.close();
rmSync(folder, { recursive: true });
process.disconnect();

/** @throws {Error} if the server refuses the request. */
async function send(target: string, init?: RequestInit): Promise<void> {
  const response = await fetch(target, init);
  const body = await response.text();
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${body}`);
  tag = response.headers.get('etag') ?? tag;
}
