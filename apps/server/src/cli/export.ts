import { writeFile } from 'node:fs/promises';
import { askAdmin, CommandError, refusal, type Target } from './admin-client.ts';

/** What `graylane-server export` is asked. */
export interface ExportOptions extends Target {
  /** Where to write; standard output where there is none. */
  readonly file?: string | undefined;
}

/** Writes the flags of an environment as a flagd document. */
export async function exportCommand({ file, ...target }: ExportOptions): Promise<void> {
  const answer = await askAdmin(target, '');
  if (answer.status !== 200) throw refusal(answer);
  const text = `${JSON.stringify(answer.body, null, 2)}\n`;
  if (file === undefined) {
    process.stdout.write(text);
    return;
  }
  await writeFile(file, text).catch((error: unknown) => {
    throw new CommandError(`${file} can't be written: ${(error as Error).message}`, { cause: error });
  });
}
