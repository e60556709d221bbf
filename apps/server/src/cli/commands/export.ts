import { writeFile } from 'node:fs/promises';
import { requestAdmin, CommandError, refusal, type Target } from './admin-client.ts';

/** The options of `graylane-server export`. */
export interface ExportOptions extends Target {
  /** The file to write. Default: standard output. */
  readonly file?: string | undefined;
}

/** Writes the flags of an environment as a flagd document. */
export async function exportCommand({ file, ...target }: ExportOptions): Promise<void> {
  const response = await requestAdmin(target, '');
  if (response.status !== 200) throw refusal(response);
  const text = `${JSON.stringify(response.body, null, 2)}\n`;
  if (file === undefined) {
    process.stdout.write(text);
    return;
  }
  await writeFile(file, text).catch((error: unknown) => {
    throw new CommandError(`${file} can't be written: ${(error as Error).message}`, { cause: error });
  });
}
