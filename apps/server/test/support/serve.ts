import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { createServer, type RunningServer, type Settings } from '@graylane/server';

/** A real server over flags of its own. */
export interface Served {
  readonly url: string;
  readonly grpcPort: number;
  readonly managementUrl: string;
  readonly file: string;
  /** The lines that were logged so far. */
  readonly logged: readonly string[];
  read(): string;
  edit(text: string): void;
  close(): Promise<void>;
}

/** Serves a document, or a string as the content of the file. */
export async function serve(document: object | string, settings: Partial<Settings> = {}): Promise<Served> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-server-`);
  const file = `${folder}/flags.json`;
  return start({ folder, file, document, settings: { source: { flags: file }, ...settings } });
}

/** Serves a data folder whose environment "default" begins with this document. */
export async function serveFolder(document: object, settings: Partial<Settings> = {}): Promise<Served> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-server-`);
  const file = `${folder}/environments/default/flags.json`;
  return start({ folder, file, document, settings: { source: { data: folder }, ...settings } });
}

interface Start {
  readonly folder: string;
  readonly file: string;
  readonly document: object | string;
  readonly settings: Partial<Settings> & Pick<Settings, 'source'>;
}

async function start({ folder, file, document, settings }: Start): Promise<Served> {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document, null, 2));
  const logged: string[] = [];
  const log = { info: (text: string) => logged.push(text), warn: (text: string) => logged.push(text) };
  let server: RunningServer;
  try {
    server = await createServer({ ...defaults, ...settings }, log);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  return {
    url: `http://127.0.0.1:${server.port}`,
    grpcPort: server.grpcPort,
    managementUrl: `http://127.0.0.1:${server.managementPort}`,
    file,
    logged,
    read: () => readFileSync(file, 'utf8'),
    edit: (text) => writeFileSync(file, text),
    close: async () => {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const defaults = { port: 0, grpcPort: 0, managementPort: 0 };

/** A flag that is on for the gray lane. */
export const fees = {
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting: { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on'] },
};
