import type { components } from '../../../protocols/admin/gen/admin-api.ts';
import { isObject } from '../../../is-object.ts';
import { diff, type Difference } from '../../../model/diff.ts';
import { pluralize } from '../../../pluralize.ts';
import { CommandError, requestAdmin, refusal, type Target } from '../admin-client.ts';
import { readJsonFile } from '../json-file.ts';
import { differenceLines } from './difference-lines.ts';

/** The options of `graylane-server preview FILE`. */
export interface PreviewOptions extends Target {
  /** A flags file. */
  readonly file: string;
  /** A file with evaluation contexts: a JSON array. Default: one empty context. */
  readonly contexts?: string | undefined;
  /** Print the result as JSON. */
  readonly json: boolean;
}

type Preview = components['schemas']['Preview'];

const shownChanges = 20;

/**
 * Prints what an import of a flags file would change: the differences, and the evaluation contexts
 * whose results would differ. Writes nothing; a faulty file is refused with its problems.
 */
export async function previewCommand({ file, contexts, json, ...target }: PreviewOptions): Promise<void> {
  const { text, value: document } = await readJsonFile(file);
  const given = contexts === undefined ? undefined : await readContexts(contexts);
  const current = await requestAdmin(target, '');
  if (current.status !== 200) throw refusal(current);
  const response = await requestAdmin(target, '/preview', {
    method: 'POST',
    body: `{"document":${text},"contexts":${JSON.stringify(given ?? [{}])}}`,
  });
  if (response.status !== 200) throw refusal(response);
  const differences = differencesOf(current.body, document);
  const preview = response.body as Preview;
  if (json) console.log(JSON.stringify({ differences, ...(given && { preview }) }, null, 2));
  else
    console.log([...differencesText(differences), ...(given ? contextsText(preview, given) : [])].join('\n'));
}

async function readContexts(file: string): Promise<readonly unknown[]> {
  const { value } = await readJsonFile(file);
  if (Array.isArray(value) && value.length > 0) return value as unknown[];
  throw new CommandError(
    `${file} must be an array of evaluation contexts, e.g. [{"targetingKey":"ada","region":"cn"}]`,
  );
}

function differencesOf(before: unknown, after: unknown): Difference[] {
  const [old, now] = [before, after].map((value) => (isObject(value) ? value : {}));
  const members = new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})]);
  return [...members].flatMap((member) =>
    diff({ path: [member], before: old?.[member], after: now?.[member] }),
  );
}

function differencesText(differences: readonly Difference[]): string[] {
  if (differences.length === 0) return ['no differences'];
  return [`${pluralize(differences.length, 'difference')}:`, ...differenceLines(differences)];
}

function contextsText({ changed, flags, changes }: Preview, contexts: readonly unknown[]): string[] {
  const counts = Object.entries(flags).filter(([, count]) => count > 0);
  const rows = changes
    .slice(0, shownChanges)
    .map(
      ({ context, flag, before, after }) =>
        `  ${nameOf(contexts[context], context)}: ${flag} ${resultText(before)} -> ${resultText(after)}`,
    );
  return [
    `${changed} of ${pluralize(contexts.length, 'context')} would change${counts.length > 0 ? ':' : ''}`,
    ...counts.map(([flag, count]) => `  ${flag}: ${count}`),
    ...rows,
    ...(changes.length > shownChanges ? [`  and ${changes.length - shownChanges} more`] : []),
  ];
}

function nameOf(context: unknown, index: number): string {
  const key = isObject(context) ? context['targetingKey'] : undefined;
  return typeof key === 'string' ? key : `context ${index + 1}`;
}

function resultText({ value, variant, errorCode }: Preview['changes'][number]['before']): string {
  return errorCode ?? variant ?? JSON.stringify(value);
}
