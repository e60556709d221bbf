import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Supervised } from '../../support/supervised.ts';

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const bin = fileURLToPath(new URL('../../../.graylane/fast-feature/bin', import.meta.url));

/** A running fast-feature: another server of OFREP, in Python. */
export interface FastFeature {
  readonly version: string;
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts fast-feature with the flags of a document, each with a default and a rule; installs it
 * where it is not here.
 * @throws {Error} where it is not to be had.
 */
export async function startFastFeature(document: object): Promise<FastFeature> {
  const { status } = spawnSync('bash', [script('../install/fast-feature.sh')], { stdio: 'inherit' });
  if (status !== 0) throw new Error('it could not be installed');
  const said = execFileSync(`${bin}/pip`, ['show', 'fast-feature'], { encoding: 'utf8' });
  const [, version = ''] = /^Version: (.*)$/m.exec(said) ?? [];
  const folder = mkdtempSync(`${tmpdir()}/graylane-fast-feature-`);
  writeFileSync(`${folder}/flags.json`, JSON.stringify(document));
  const server = new Supervised(`${bin}/python`, [script('serve-fast-feature.py'), `${folder}/flags.json`]);
  const close = async (): Promise<void> => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [, port] = await server.said(/^port (\d+)$/m);
    return { version, url: `http://127.0.0.1:${port}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}
