import { checkFlags, compileFlags, type FlagSet, type Problem } from '@graylane/flags';
import { nestsDeeper } from '../../json-depth.ts';
import type { FlagDocument } from '../flag-store.ts';

/**
 * How deep a document may nest: what is deeper can be read, but not be written again or sent to anybody. A rule of 100 levels, each an
 * operator and its list, takes some 200 of them.
 */
export const maxDepth = 500;

/** What a text holds. */
export interface Content {
  readonly document: FlagDocument;
  readonly flags: FlagSet;
}

/** What a text holds; or what is wrong with it, where it is no document or breaks a flag that was not broken before. */
export function readDocument(
  text: string,
  previous: FlagSet | undefined,
): Content | { readonly problems: readonly Problem[] } {
  const problems = checkDepth(text);
  if (problems.length > 0) return { problems };
  try {
    const parsed: unknown = JSON.parse(text);
    const flags = compileFlags(parsed, { previous });
    if (previous) {
      const known = new Set(previous.warnings.map(describeProblem));
      const faults = flags.warnings.filter((problem) => !known.has(describeProblem(problem)));
      if (faults.length > 0) return { problems: faults };
    }
    const definitions = [...flags.keys()].map((key) => [key, flags.get(key)?.definition]);
    const document = {
      ...(parsed as object),
      flags: Object.fromEntries(definitions) as FlagDocument['flags'],
    };
    return { document, flags };
  } catch {
    // Checking the same text says more than the error does.
    return { problems: checkFlags(text) };
  }
}

/** What is wrong with a document that nests too deep. */
export function checkDepth(text: string): Problem[] {
  if (!nestsDeeper(Buffer.from(text), maxDepth)) return [];
  const message = `the document nests deeper than ${maxDepth} levels`;
  return [{ path: '$', message, remedy: 'make it flatter' }];
}

/** Problems as lines of a message. */
export function listProblems(problems: readonly Problem[]): string {
  return problems.map((problem) => `\n  ${describeProblem(problem)}`).join('');
}

/** A problem in one line. */
export function describeProblem({ path, message, remedy }: Problem): string {
  return `${path}: ${message}: ${remedy}`;
}
