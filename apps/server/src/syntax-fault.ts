import { checkFlags } from '@graylane/flags';

/** Says of a text that is no JSON, under the name that its author knows it by, where it goes wrong: in the words of `check`. */
export function syntaxFault(name: string, text: string): string {
  const [fault] = checkFlags(text);
  return fault?.message.replace(/^the document/, () => name) ?? `${name} is not JSON`;
}
