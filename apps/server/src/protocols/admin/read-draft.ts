import { checkFlags, type Problem } from '@graylane/flags';
import type { FlagDocument } from '../../store/flag-store.ts';
import { readDocument } from '../../store/file/read-document.ts';
import { RequestError } from '../../model/request-error.ts';

/**
 * A flag document that somebody sent, its flags under their keys. A list of flags, which flagd's daemon takes from a file, is refused: of
 * those without a key nothing would be left.
 * @throws {RequestError} 400 where it is none; a broken flag is judged later, by what it changes.
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

function refusal(problems: readonly Problem[]): RequestError {
  return new RequestError('invalid_request', 'the body is not a flag document', { problems });
}
