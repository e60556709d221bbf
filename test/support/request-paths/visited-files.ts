import { Session } from 'node:inspector/promises';
import { relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Runs before those that are counted: then caches are full and lazy modules are loaded. */
const warmUps = 20;

/** A timer runs during some of these runs; the work itself runs during all of them. */
const runs = 10;

/** What only counts or logs a request is not on its path. */
const observes = /^(packages\/telemetry|apps\/server\/src\/(metrics|logging|observe))\//;

/** Some work by its name, for which the files are counted. */
export type Subjects = Readonly<Record<string, () => Promise<void>>>;

/**
 * Sends this process's parent, for each subject, our source files whose functions run during it, by
 * V8's count of calls, in the order of their paths.
 */
export async function reportVisitedFiles(subjects: Subjects): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  const visited: Record<string, readonly string[]> = {};
  for (const [name, work] of Object.entries(subjects)) {
    for (let run = 0; run < warmUps; run++) await work();
    let files: ReadonlySet<string> | undefined;
    for (let run = 0; run < runs; run++) {
      await filesSinceLastLook(session);
      await work();
      const now = await filesSinceLastLook(session);
      files = files === undefined ? now : new Set([...files].filter((file) => now.has(file)));
    }
    visited[name] = [...(files ?? [])].toSorted();
  }
  session.disconnect();
  process.send?.(visited);
}

async function filesSinceLastLook(session: Session): Promise<ReadonlySet<string>> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const files = result
    .filter(({ functions }) => functions.some(({ ranges }) => ranges.some(({ count }) => count > 0)))
    .filter(({ url }) => url.startsWith('file:'))
    .map(({ url }) => relative(root, fileURLToPath(url)))
    .filter((file) => /^(packages|apps)\/[\w-]+\/src\//.test(file) && !observes.test(file));
  return new Set(files);
}
