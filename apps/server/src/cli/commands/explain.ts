import { compileFlags, explain, type Explanation } from '@graylane/flags';
import { isObject } from '../../is-object.ts';
import { parseDocument, textOf } from '../../json/parse-document.ts';
import { describeProblem } from '../../model/problem-text.ts';
import { syntaxFault } from '../../syntax-fault.ts';
import { TimeSlices } from '../../time-slices.ts';
import { CommandError, refusal, requestAdmin, type Target } from './admin-client.ts';
import { explanationText } from './explanation/text.ts';
import { readBytes } from './json-file.ts';

/** The options of `graylane-server explain FLAG`. */
export interface ExplainOptions {
  readonly flag: string;
  /** A JSON object, or `@` and a file with one. Default: an empty evaluation context. */
  readonly context?: string | undefined;
  /** Where the flag is: in an environment of a running server, or in a flags file. */
  readonly source: Target | { readonly file: string };
  /** Print the explanation as JSON. */
  readonly json: boolean;
}

/**
 * Prints why a flag has its variant for an evaluation context: the conditions, and the values that
 * they read.
 */
export async function explainCommand({ flag, context, source, json }: ExplainOptions): Promise<void> {
  const facts = await readContext(context ?? '{}');
  const explanation =
    'file' in source
      ? await explainFrom(source.file, flag, facts)
      : await explainRemotely(source, flag, facts);
  process.stdout.write(json ? `${JSON.stringify(explanation, null, 2)}\n` : explanationText(explanation));
}

async function explainRemotely(target: Target, flag: string, context: object): Promise<Explanation> {
  const response = await requestAdmin(target, `/flags/${encodeURIComponent(flag)}/explain`, {
    method: 'POST',
    body: JSON.stringify({ context }),
  });
  if (response.status !== 200) throw refusal(response);
  return response.body as Explanation;
}

async function explainFrom(
  file: string,
  flag: string,
  context: Readonly<Record<string, unknown>>,
): Promise<Explanation> {
  const parsed = await parseDocument(await readBytes(file), new TimeSlices());
  if ('problems' in parsed) {
    const lines = parsed.problems.map((problem) => `\n  ${describeProblem(problem)}`);
    throw new CommandError(`${file} is not a flag document${lines.join('')}`);
  }
  const flags = compileFlags({ ...parsed.shared, flags: Object.fromEntries(parsed.flags) });
  if (flags.get(flag) === undefined) throw new CommandError(`there is no flag "${flag}" in ${file}`);
  return explain(flags, flag, context);
}

async function readContext(given: string): Promise<Readonly<Record<string, unknown>>> {
  const file = given.startsWith('@') ? given.slice(1) : undefined;
  const name = file ?? '--context';
  const text = file === undefined ? given : textOf(await readBytes(file));
  let context: unknown;
  try {
    context = JSON.parse(text);
  } catch (error) {
    throw new CommandError(syntaxFault(name, text), { cause: error });
  }
  if (isObject(context)) return context;
  throw new CommandError(`${name} is not a JSON object: give it facts, e.g. {"targetingKey":"ada"}`);
}
