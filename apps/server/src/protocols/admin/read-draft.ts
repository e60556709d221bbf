import type { Problem } from '@graylane/flags';
import { parseDocument } from '../../json/parse-document.ts';
import type { ParsedDocument } from '../../model/document.ts';
import { TimeSlices } from '../../time-slices.ts';
import { syntaxFault } from '../../syntax-fault.ts';
import { RequestError } from '../../model/request-error.ts';

/**
 * Reads a flag document that a client sent as JSON. Refuses an array of flags, which flagd's daemon
 * accepts in a file, and everything that the file store would only warn about, e.g. a key that
 * occurs twice.
 * @throws {RequestError} if it is not a flag document; a broken flag is judged later, by what it
 * changes.
 */
export async function readDraft(body: Buffer): Promise<ParsedDocument> {
  const parsed = await parseDocument(body, new TimeSlices());
  if ('problems' in parsed) {
    const [first] = parsed.problems;
    if (first?.path === '$')
      throw new RequestError('unparsable', syntaxFault('the body', body.toString()), {
        problems: parsed.problems,
      });
    throw refusal(parsed.problems);
  }
  if (parsed.isList) {
    const message = '"flags" is an array';
    throw refusal([{ path: '$.flags', message, remedy: 'make it an object with a flag under each key' }]);
  }
  if (parsed.oddities.length > 0) throw refusal(parsed.oddities);
  return parsed;
}

function refusal(problems: readonly Problem[]): RequestError {
  return new RequestError('invalid_request', 'the body is not a flag document', { problems });
}
