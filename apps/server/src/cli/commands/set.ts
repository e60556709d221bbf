import { CommandError, requestAdmin, refusal, type AdminResponse, type Target } from './admin-client.ts';
import { readJsonFile } from './json-file.ts';

/** The options of `graylane-server set FLAG CHANGE`. */
export interface SetOptions extends Target {
  readonly flag: string;
  /** `@FILE` with the whole flag, or members to change as `MEMBER=VALUE`. */
  readonly changes: readonly string[];
  readonly reason?: string | undefined;
}

/**
 * Writes one flag: members of an existing flag, or the whole flag from a file, which creates it if
 * it does not exist. Changes made in the meantime are not overwritten: the server refuses then.
 */
export async function setCommand({ flag, changes, reason, ...target }: SetOptions): Promise<void> {
  const [first = ''] = changes;
  const path = `/flags/${encodeURIComponent(flag)}`;
  const file = first.startsWith('@') ? first.slice(1) : undefined;
  if (file !== undefined && changes.length > 1)
    throw new CommandError(`@${file} is the whole flag: give it without other changes`);
  const members = file === undefined ? membersOf(changes) : undefined;
  const whole = file === undefined ? undefined : (await readJsonFile(file)).text;
  const before = await requestAdmin(target, path);
  const exists = before.status === 200;
  if (!exists && (file === undefined || before.status !== 404)) throw refusal(before);
  const response = await requestAdmin(target, path, {
    method: 'PUT',
    body: whole ?? JSON.stringify(withMembers(before.body as object, members ?? {})),
    headers: {
      ...(exists ? { 'if-match': before.etag ?? '' } : { 'if-none-match': '*' }),
      ...(reason === undefined ? {} : { 'graylane-reason': encodeURIComponent(reason) }),
    },
  });
  if (response.status !== 200 && response.status !== 201) throw refusal(response);
  console.log(`${target.environment}: ${flag} ${outcome(before, response)}`);
}

function outcome(before: AdminResponse, after: AdminResponse): string {
  if (after.status === 201) return 'created';
  return before.etag === after.etag ? 'is unchanged' : 'changed';
}

/**
 * The flag with other members; null removes one. A merge patch would mix the operators of two
 * rules.
 */
function withMembers(flag: object, members: object): object {
  const entries = Object.entries({ ...flag, ...members });
  return Object.fromEntries(entries.filter(([name, value]) => !(name in members && value === null)));
}

/** A value that is not JSON is a string. */
function membersOf(changes: readonly string[]): object {
  const members = changes.map((change) => {
    const end = change.indexOf('=');
    if (end > 0) return [change.slice(0, end), valueOf(change.slice(end + 1))] as const;
    throw new CommandError(
      `"${change}" must be MEMBER=VALUE, e.g. defaultVariant=on, or @FILE with the whole flag`,
    );
  });
  return Object.fromEntries(members);
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
