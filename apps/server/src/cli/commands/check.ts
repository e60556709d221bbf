import { readFile } from 'node:fs/promises';
import { checkDyeRules, checkFlags, type Problem } from '@graylane/flags';
import { parseDocument } from '../../json/parse-document.ts';
import { describeProblem } from '../../model/problem-text.ts';
import { pluralize } from '../../pluralize.ts';
import { TimeSlices } from '../../time-slices.ts';

/**
 * `graylane-server check FILE`: prints the problems of a flags file. Returns the exit code: 0 for
 * none, 1 for problems.
 */
export async function checkCommand(file: string): Promise<number> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    console.error(`graylane-server: ${file} can't be read: ${(error as Error).message}`);
    return 1;
  }
  const { problems, warnings } = await examine(bytes);
  for (const problem of problems) console.error(`${file}: ${describeProblem(problem)}`);
  for (const warning of warnings) console.error(`${file}: warning: ${describeProblem(warning)}`);
  if (problems.length === 0) console.log(`${file}: no problems`);
  else console.error(`${file}: ${pluralize(problems.length, 'problem')}`);
  return problems.length === 0 ? 0 : 1;
}

async function examine(bytes: Buffer): Promise<Record<'problems' | 'warnings', readonly Problem[]>> {
  const parsed = await parseDocument(bytes, new TimeSlices());
  if ('problems' in parsed) return { problems: parsed.problems, warnings: [] };
  const document = { ...parsed.shared, flags: Object.fromEntries(parsed.flags) };
  return {
    problems: [...checkFlags(document), ...parsed.oddities],
    warnings: checkDyeRules(document),
  };
}
