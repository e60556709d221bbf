import { FlagsError } from '@graylane/flags';

/** Why flags can't be read, without the name of the error: it becomes part of a sentence. */
export function faultOf(error: unknown): string {
  const { message } = error as Error;
  return error instanceof FlagsError ? message.replace(/^FlagsError \[\w+\]: /, '') : message;
}
