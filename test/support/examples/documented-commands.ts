import { parseAllDocuments } from 'yaml';
import { codeBlocks } from '../markdown.ts';
import { notExecuted } from './command-pages.ts';
import { executed } from './suites.ts';
import { shellCommands, type ShellCommand } from './shell.ts';

/**
 * The commands of a page, in their order: those of its shell blocks, and of workflows in YAML.
 * Without blocks that another suite executes.
 */
export function commandsOf(page: string): ShellCommand[] {
  const blocks = codeBlocks(page).filter(
    ({ info }) => !executed.some((entry) => entry.page === page && entry.info.test(info)),
  );
  return blocks.flatMap(({ info, code }) => {
    if (/^sh\b/.test(info)) return shellCommands(code);
    if (/^yaml\b/.test(info)) return runLines(code).flatMap((line) => shellCommands(line));
    return [];
  });
}

/** Whether the list of what is not executed has the command. */
export function isListed(page: string, command: ShellCommand): boolean {
  return notExecuted.some((entry) => matches(entry, page, command));
}

export function matches(
  { page: pages, command }: (typeof notExecuted)[number],
  page: string,
  { words }: ShellCommand,
): boolean {
  return (pages?.test(page) ?? true) && command.test(words.join(' '));
}

/** The scripts of a workflow's steps. */
function runLines(yaml: string): string[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    const { jobs = {} } = document.toJS() as {
      jobs?: Record<string, { steps: ReadonlyArray<{ run?: string }> }>;
    };
    const lines = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    return lines.map((line) => line.replaceAll(/\$\{\{.*?\}\}/g, 'VALUE'));
  });
}

/** Whether the suite of the page runs the command; each of these suites reads it from the page. */
export function isRunElsewhere(page: string, { words }: ShellCommand): boolean {
  return elsewhere.some((entry) => entry.page === page && entry.command.test(words.join(' ')));
}

const elsewhere = [
  // test/getting-started.test.ts starts what these lines start, with the variables exported there.
  { page: 'docs/getting-started.md', command: /^(?:npx @graylane\/server|node|export) / },
  // test/journey/shop.test.ts sends this request.
  { page: 'README.md', command: /^curl / },
  // packages/slis/test/ten-minutes.test.ts starts the shop by this line.
  { page: 'docs/slis.md', command: /^node --import/ },
];
