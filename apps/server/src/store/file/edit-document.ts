import { applyEdits, modify, type ModificationOptions } from 'jsonc-parser';
import type { Edit, FlagDocument } from '../flag-store.ts';
import { locateValue } from './locate-value.ts';
import { withEdits } from '../../model/parts.ts';

/** A document, and the text of its file. */
export interface Edited {
  readonly text: string;
  readonly document: FlagDocument;
}

/** With more edits than this the file is written anew: each of the others costs a look at the whole text. */
const manyEdits = 50;

/** Writes or removes parts of a document; every other character of its text stays as somebody has written it. */
export function editDocument({ text, document }: Edited, edits: readonly Edit[]): Edited {
  const { flags } = JSON.parse(text) as { flags: unknown };
  const plain = edits.map((edit) => plainEdit(edit, Array.isArray(flags)));
  const edited = withEdits(document, plain);
  if (plain.length > manyEdits) {
    return { document: edited, text: `${JSON.stringify(edited, null, indentation(text))}\n` };
  }
  return { document: edited, text: plain.reduce(editText, text) };
}

/** As it will be read again: numbers that JSON can't say are gone, and a flag of a list carries its key. */
function plainEdit({ path, value }: Edit, listed: boolean): Edit {
  if (value === undefined) return { path, value };
  const plain: unknown = JSON.parse(JSON.stringify(value));
  const [member, key] = path;
  const carriesKey = listed && member === 'flags' && typeof plain === 'object';
  return { path, value: carriesKey ? { key, ...plain } : plain };
}

function editText(text: string, { path: [member, name], value }: Edit): string {
  const { [member]: found } = JSON.parse(text) as Record<string, unknown>;
  const edit = (path: Array<string | number>): string =>
    value === undefined ? setValue(text, path, value) : writeValue(text, path, value);
  if (name === undefined) return edit([member]);
  if (Array.isArray(found)) return edit([member, indexOf(found, name)]);
  // The last segment takes its shelf with it.
  const last = member !== 'flags' && value === undefined && isOnly(found, name);
  return edit(last ? [member] : [member, name]);
}

/**
 * The text with a value at this path. The library makes the place for a new one; its own layout of values copies the whole text for each
 * of their lines, and fails below the 200th level.
 */
function writeValue(text: string, path: Array<string | number>, value: unknown): string {
  return (
    replaceValue(text, path, value) ??
    replaceValue(setValue(text, path, null), path, value) ??
    setValue(text, path, value)
  );
}

function setValue(text: string, path: Array<string | number>, value: unknown): string {
  return applyEdits(text, modify(text, path, value, options(text)));
}

/** The text with another value in the place of one that is there; undefined where none is, or more than one. */
function replaceValue(text: string, path: Array<string | number>, value: unknown): string | undefined {
  const place = locateValue(text, path);
  if (place === undefined) return undefined;
  const lineStart = text.lastIndexOf('\n', place.start - 1) + 1;
  const [own = ''] = /^[\t ]*/.exec(text.slice(lineStart, place.start)) ?? [];
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const written = JSON.stringify(value, null, indentation(text)).replaceAll('\n', `${eol}${own}`);
  return text.slice(0, place.start) + written + text.slice(place.end);
}

/** Where the list has the flag; after its end where it has none. Of several with one key, the last one is in force. */
function indexOf(flags: readonly unknown[], key: string): number {
  const index = flags.findLastIndex(
    (flag) => typeof flag === 'object' && flag !== null && 'key' in flag && flag.key === key,
  );
  return index < 0 ? flags.length : index;
}

function isOnly(members: unknown, name: string): boolean {
  const names = Object.keys(members ?? {});
  return names.length === 1 && names[0] === name;
}

/** Indents as the document does. */
function options(text: string): ModificationOptions {
  const indent = indentation(text);
  const insertSpaces = !indent.startsWith('\t');
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  return { formattingOptions: { insertSpaces, tabSize: insertSpaces ? indent.length : 1, eol } };
}

/** That of the first member: a line further in says nothing, least of all in a text that is mostly one line. */
function indentation(text: string): string {
  return /^\s*\{\s*\n([\t ]+)\S/.exec(text)?.[1] ?? '  ';
}
