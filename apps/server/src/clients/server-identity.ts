import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { packageFile } from '../package/package-file.ts';

/** The version of this server and the servers that its flags have passed. */
export class ServerIdentity {
  readonly version: string;
  /** Names this process; another one after each start. */
  readonly id: string = randomUUID();
  /** The ids of the servers before this one, the origin first. */
  upstream: readonly string[] = [];

  constructor(version: string) {
    this.version = version;
  }

  /** The value of the header `graylane-server` on the change stream. */
  get header(): string {
    return [this.version, ...this.upstream, this.id].join(' ');
  }
}

/** The version of the package. */
export async function serverVersion(): Promise<string> {
  const manifest = await readFile(packageFile('package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
