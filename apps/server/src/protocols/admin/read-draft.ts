import { checkFlags, type Problem } from '@graylane/flags';
import type { FlagDocument } from '../../store/flag-store.ts';
import { readDocument } from '../../store/file/read-document.ts';
import { HttpProblem } from '../../http/problem-details.ts';

/**
 * A flag document that somebody sent, its flags under their keys. A list of flags, which flagd's daemon takes from a file, is refused: of
 * those without a key nothing would be left.
 * @throws {HttpProblem} 400 where it is none; a broken flag is judged later, by what it changes.
 */
export function readDraft(body: unknown): FlagDocument {
  if (Array.isArray((body as { flags?: unknown } | null)?.flags)) {
    const message = '"flags" is a list';
    throw refusal([{ path: '$.flags', message, remedy: 'make it an object with a flag under each key' }]);
  }
  const content = readDocument(JSON.stringify(body), undefined);
  if ('document' in content) return content.document;
  throw refusal(checkFlags(body));
}

function refusal(problems: readonly Problem[]): HttpProblem {
  return new HttpProblem(400, 'the body is no flag document', problems);
}
