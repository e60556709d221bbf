import { checkFlags } from '@graylane/flags';

/**
 * The message about a string that is not JSON, with line and column; `name` is the author's name
 * for the string.
 */
export function syntaxFault(name: string, text: string): string {
  const [fault] = checkFlags(text);
  return fault?.message.replace(/^the document/, () => name) ?? `${name} is not JSON`;
}
