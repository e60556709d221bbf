import { Version } from '../rule/version.ts';
import { operandValue, type OperationRun } from './operation-run.ts';

/** Both versions of `sem_ver`, as they were compared. */
export function versionsOf(run: OperationRun): readonly [string | null, string | null] {
  return [versionAt(run, 0), versionAt(run, 2)];
}

function versionAt(run: OperationRun, place: number): string | null {
  const version = new Version();
  if (!version.read(operandValue(run, place)?.value)) return null;
  const { major, minor, patch, prerelease } = version;
  return `${major}.${minor}.${patch}${prerelease === '' ? '' : `-${prerelease}`}`;
}
