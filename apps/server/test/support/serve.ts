import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createServer, type RunningServer, type Settings } from '@graylane/server';

/** A real server over a flags file of its own. */
export interface Served {
  readonly url: string;
  readonly grpcPort: number;
  readonly managementUrl: string;
  readonly file: string;
  /** What was logged so far. */
  readonly logged: readonly string[];
  read(): string;
  edit(text: string): void;
  close(): Promise<void>;
}

/** Serves a document, or a text that is to be the file. */
export async function serve(document: object | string, settings: Partial<Settings> = {}): Promise<Served> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-server-`);
  const file = `${folder}/flags.json`;
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document, null, 2));
  const logged: string[] = [];
  const log = { info: (text: string) => logged.push(text), warn: (text: string) => logged.push(text) };
  let server: RunningServer;
  try {
    server = await createServer({ ...defaults, flags: file, ...settings }, log);
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
