import { readFile } from 'node:fs/promises';
import { checkFlags } from '@graylane/flags';
import { counted } from '../pluralize.ts';
import { checkDepth } from '../store/file/read-document.ts';

/** `graylane-server check FILE`: prints what is wrong with a flags file. Answers the exit code: 0 for none, 1 for problems. */
export async function checkCommand(file: string): Promise<number> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    console.error(`graylane-server: ${file} can't be read: ${(error as Error).message}`);
    return 1;
  }
  const problems = [...checkDepth(text), ...checkFlags(text)];
  for (const { path, message, remedy } of problems) console.error(`${file}: ${path}: ${message}: ${remedy}`);
  if (problems.length === 0) console.log(`${file}: no problems`);
  else console.error(`${file}: ${counted(problems.length, 'problem')}`);
  return problems.length === 0 ? 0 : 1;
}
