import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { FileStore } from '../src/store/file-store.ts';
import { MemoryLog } from '../src/store/revision-log.ts';
import { storeContract } from './support/store-contract.ts';

const quiet = { info: () => {}, warn: () => {} };

storeContract('a flags file', async (document) => {
  const folder = mkdtempSync(`${tmpdir()}/graylane-file-`);
  const file = `${folder}/flags.json`;
  writeFileSync(file, JSON.stringify(document));
  const store = await FileStore.open({ file, revisions: new MemoryLog(), log: quiet });
  return {
    store,
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
