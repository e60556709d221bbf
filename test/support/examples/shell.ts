/** A simple command of a shell example, without its redirections. */
export interface ShellCommand {
  readonly env: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

/** A word, an operator or a comment; quoted parts of a word belong to it. */
const token =
  /(?<comment>(?<![^\s])#[^\n]*)|(?<operator>\n|&&|\|\|?|;|>)|(?<word>(?:'[^']*'|"[^"]*"|[^\s;|&>'"])+)/g;
const assignment = /^(\w+)=(.*)$/s;

/** Parses the part of the shell's grammar that the documentation uses. */
export function shellCommands(code: string): ShellCommand[] {
  const commands: string[][] = [[]];
  for (const { groups = {} } of code.replaceAll('\\\n', ' ').matchAll(token)) {
    if (groups['word'] !== undefined) commands.at(-1)?.push(groups['word']);
    if (groups['operator'] === '>') commands.at(-1)?.push('>');
    else if (groups['operator'] !== undefined) commands.push([]);
  }
  return commands.map((words) => simpleCommand(words)).filter(({ words }) => words.length > 0);
}

function simpleCommand(all: readonly string[]): ShellCommand {
  const words = all
    .filter((word, index) => word !== '>' && all[index - 1] !== '>')
    .filter((word) => !['while', 'do', 'done'].includes(word));
  const first = words.findIndex((word) => !assignment.test(word));
  const assignments = first === -1 ? words : words.slice(0, first);
  const env = assignments.map((word) => assignment.exec(word)?.slice(1) as [string, string]);
  return {
    env: Object.fromEntries(env.map(([name, value]) => [name, unquoted(value)])),
    words: first === -1 ? [] : words.slice(first).map((word) => unquoted(word)),
  };
}

function unquoted(word: string): string {
  return word.replaceAll(
    /'([^']*)'|"([^"]*)"/g,
    (_all, single?: string, double?: string) => single ?? double ?? '',
  );
}
