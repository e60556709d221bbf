import type { Findings } from './source/findings.ts';

/** The problems of a contract, one sentence each; empty if it is complete and up to date. */
export function check(
  findings: Findings,
  committed: ReadonlyMap<string, string | undefined>,
  current: ReadonlyMap<string, string>,
): string[] {
  return [...withoutIndicator(findings), ...declaredTwice(findings), ...outOfDate(committed, current)];
}

function withoutIndicator({ indicators, routes }: Findings): string[] {
  const covered = new Set(indicators.flatMap((indicator) => indicator.routes));
  return routes
    .filter(({ name }) => !covered.has(name))
    .map(
      ({ name, at }) =>
        `${at.file}:${at.line}: ${name} has no SLI: add /** @sli NAME 99.9% */ before it, or list it in the routes of an sli(…)`,
    );
}

function declaredTwice({ indicators }: Findings): string[] {
  const seen = new Map<string, string>();
  return indicators.flatMap(({ name, at }) => {
    const here = `${at.file}:${at.line}`;
    const before = seen.get(name);
    seen.set(name, before ?? here);
    return before === undefined
      ? []
      : [`${here}: the SLI "${name}" is declared at ${before}, too: give it another name`];
  });
}

function outOfDate(
  committed: ReadonlyMap<string, string | undefined>,
  current: ReadonlyMap<string, string>,
): string[] {
  return [...current]
    .filter(([file, text]) => committed.get(file) !== text)
    .map(
      ([file]) =>
        `${file} is ${committed.get(file) === undefined ? 'missing' : 'out of date'}: run graylane-slis without --check, and commit it`,
    );
}
