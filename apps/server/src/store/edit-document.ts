import { applyEdits, modify, parse, type ModificationOptions } from 'jsonc-parser';
import type { FlagEdit } from './flag-store.ts';

/** The text of a flag document with one flag written or removed; every other character stays as somebody has written it. */
export function editDocument(text: string, { key, definition }: FlagEdit): string {
  const { flags } = parse(text) as { flags: unknown };
  const listed = Array.isArray(flags);
  const index = listed ? indexOf(flags, key) : key;
  const value = listed && definition ? { key, ...definition } : definition;
  return applyEdits(text, modify(text, ['flags', index], value, options(text)));
}

/** Where the list has the flag; after its end where it has none. Of several with one key, the last one is in force. */
function indexOf(flags: readonly unknown[], key: string): number {
  const index = flags.findLastIndex(
    (flag) => typeof flag === 'object' && flag !== null && 'key' in flag && flag.key === key,
  );
  return index < 0 ? flags.length : index;
}

/** Indents as the document does. */
function options(text: string): ModificationOptions {
  const [, indentation = '  '] = /^([\t ]+)\S/m.exec(text) ?? [];
  const insertSpaces = !indentation.startsWith('\t');
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  return { formattingOptions: { insertSpaces, tabSize: insertSpaces ? indentation.length : 1, eol } };
}
