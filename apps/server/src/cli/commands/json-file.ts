import { readFile } from 'node:fs/promises';
import { textOf } from '../../json/parse-document.ts';
import { syntaxFault } from '../../syntax-fault.ts';
import { CommandError } from './admin-client.ts';

/**
 * Reads a file with JSON; returns its text and its value.
 * @throws {CommandError} if the file can't be read, or is not JSON.
 */
export async function readJsonFile(
  file: string,
): Promise<{ readonly text: string; readonly value: unknown }> {
  const text = textOf(await readBytes(file));
  try {
    return { text, value: JSON.parse(text) };
  } catch (error) {
    throw new CommandError(syntaxFault(file, text), { cause: error });
  }
}

/** @throws {CommandError} if the file can't be read. */
export async function readBytes(file: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    throw new CommandError(`${file} can't be read: ${(error as Error).message}`, { cause: error });
  });
}
