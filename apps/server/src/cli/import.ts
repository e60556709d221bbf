import { readFile } from 'node:fs/promises';
import { counted } from '../pluralize.ts';
import { syntaxFault } from '../syntax-fault.ts';
import { askAdmin, CommandError, refusal, type AdminAnswer, type Target } from './admin-client.ts';

/** What `graylane-server import FILE` is asked. */
export interface ImportOptions extends Target {
  readonly file: string;
  readonly reason?: string | undefined;
}

/**
 * Makes a flags file the flags of an environment, which is created where there is none. Whatever somebody else changes meanwhile is not
 * overwritten.
 */
export async function importCommand({ file, reason, ...target }: ImportOptions): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandError(`${file} can't be read: ${(error as Error).message}`, { cause: error });
  });
  try {
    JSON.parse(text);
  } catch (error) {
    throw new CommandError(syntaxFault(file, text), { cause: error });
  }
  const before = await askAdmin(target, '');
  const known = before.status === 200;
  if (!known && before.status !== 404) throw refusal(before);
  const condition = known ? { 'if-match': before.etag ?? '' } : { 'if-none-match': '*' };
  const answer = await askAdmin(target, '', {
    method: 'PUT',
    body: text,
    headers: {
      ...condition,
      'graylane-reason': encodeURIComponent(reason ?? `import of ${file}`),
    },
  });
  if (answer.status !== 200 && answer.status !== 201) throw refusal(answer);
  console.log(`${target.environment}: ${summary(known ? before : undefined, answer)}`);
}

function summary(before: AdminAnswer | undefined, after: AdminAnswer): string {
  const [old, now] = [flagsOf(before), flagsOf(after)];
  const added = [...now.keys()].filter((key) => !old.has(key)).length;
  const removed = [...old.keys()].filter((key) => !now.has(key)).length;
  const changed = [...now].filter(([key, flag]) => old.has(key) && old.get(key) !== flag).length;
  const created = before === undefined ? 'created; ' : '';
  return `${created}${counted(now.size, 'flag')}: ${added} added, ${changed} changed, ${removed} removed`;
}

function flagsOf(answer: AdminAnswer | undefined): ReadonlyMap<string, string> {
  const { flags = {} } = (answer?.body ?? {}) as { readonly flags?: Readonly<Record<string, unknown>> };
  return new Map(Object.entries(flags).map(([key, flag]) => [key, JSON.stringify(flag)]));
}
