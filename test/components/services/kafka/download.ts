import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

const pom = fileURLToPath(new URL('pom.xml', import.meta.url));
const digest = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
const folder = fileURLToPath(new URL(`../../../../.graylane/kafka/${digest}`, import.meta.url));

/** Whether `libraries` has nothing left to fetch. */
export function isDownloaded(): boolean {
  return existsSync(folder);
}

/** Whether `mvn` is on the path. */
export function hasMaven(): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((path) => existsSync(`${path}/mvn`));
}

/**
 * The folder with Kafka's jars, as `pom.xml` lists them; the first call fetches them from Maven
 * Central.
 */
export async function libraries(): Promise<string> {
  if (isDownloaded()) return folder;
  console.log('kafka: fetching Apache Kafka from Maven Central, once (some 46 MB) ...');
  const incomplete = `${folder}.${process.pid}`;
  mkdirSync(incomplete, { recursive: true });
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${incomplete}`];
  const { status, stdout, stderr } = spawnSync('mvn', ['-q', '-B', '-f', pom, ...goal], { encoding: 'utf8' });
  if (status !== 0) {
    rmSync(incomplete, { recursive: true, force: true });
    throw new Error(`Maven can't fetch Apache Kafka:\n${stdout}${stderr}`);
  }
  try {
    renameSync(incomplete, folder);
  } catch (error) {
    // Another process was faster; both fetched the same.
    rmSync(incomplete, { recursive: true, force: true });
    if (!isDownloaded()) throw error;
  }
  console.log('kafka: fetched');
  return folder;
}
