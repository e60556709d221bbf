import { checkFlags } from '@graylane/flags';
import type { FlagDocument } from '../store/flag-store.ts';
import { readDocument } from '../store/read-document.ts';
import { HttpProblem } from './problem-details.ts';

/**
 * A flag document that somebody sent, its flags under their keys.
 * @throws {HttpProblem} 400 where it is none; a broken flag is judged later, by what it changes.
 */
export function readDraft(body: unknown): FlagDocument {
  const content = readDocument(JSON.stringify(body), undefined);
  if ('document' in content) return content.document;
  throw new HttpProblem(400, 'the body is no flag document', checkFlags(body));
}
