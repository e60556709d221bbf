import { pluralize } from '../../pluralize.ts';
import { requestAdmin, refusal, type AdminResponse, type Target } from './admin-client.ts';
import { readJsonFile } from './json-file.ts';

/** The options of `graylane-server import FILE`. */
export interface ImportOptions extends Target {
  readonly file: string;
  readonly reason?: string | undefined;
}

/**
 * Makes a flags file the flags of an environment, which is created if it does not exist. Changes
 * made in the meantime are not overwritten: the server refuses the import then.
 */
export async function importCommand({ file, reason, ...target }: ImportOptions): Promise<void> {
  const { text } = await readJsonFile(file);
  const before = await requestAdmin(target, '');
  const known = before.status === 200;
  if (!known && before.status !== 404) throw refusal(before);
  const condition = known ? { 'if-match': before.etag ?? '' } : { 'if-none-match': '*' };
  const response = await requestAdmin(target, '', {
    method: 'PUT',
    body: text,
    headers: {
      ...condition,
      'graylane-reason': encodeURIComponent(reason ?? `import of ${file}`),
    },
  });
  if (response.status !== 200 && response.status !== 201) throw refusal(response);
  console.log(`${target.environment}: ${summary(known ? before : undefined, response)}`);
}

function summary(before: AdminResponse | undefined, after: AdminResponse): string {
  const [old, now] = [flagsOf(before), flagsOf(after)];
  const added = [...now.keys()].filter((key) => !old.has(key)).length;
  const removed = [...old.keys()].filter((key) => !now.has(key)).length;
  const changed = [...now].filter(([key, flag]) => old.has(key) && old.get(key) !== flag).length;
  const created = before === undefined ? 'created; ' : '';
  return `${created}${pluralize(now.size, 'flag')}: ${added} added, ${changed} changed, ${removed} removed`;
}

function flagsOf(response: AdminResponse | undefined): ReadonlyMap<string, string> {
  const { flags = {} } = (response?.body ?? {}) as { readonly flags?: Readonly<Record<string, unknown>> };
  return new Map(Object.entries(flags).map(([key, flag]) => [key, JSON.stringify(flag)]));
}
