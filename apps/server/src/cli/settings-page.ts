import { commands, options, type Option } from './options.ts';
import { allowedFor } from './setting-types.ts';

/** docs/settings.md: every setting, as Markdown. */
export function settingsPage(): string {
  return `# Settings of graylane-server

Written by \`npm run settings -w @graylane/server\`, from the table that also makes \`graylane-server --help\`. An option takes precedence over its variable. An option that is repeatable has, as a variable,
its values separated by commas.

${sections().join('\n')}`;
}

function sections(): string[] {
  const serving = options.filter((option: Option) => option.commands.includes('serve'));
  const tools = commands.filter(({ name }) => name !== 'serve');
  return [
    section('## Serving', serving),
    '## Commands\n',
    ...tools.map(({ name, operand = '', help }) => {
      const own = options.filter((option: Option) => option.commands.includes(name));
      const named = own.map((option) => `\`--${option.name}\``).join(', ');
      return `- **\`${`${name} ${operand}`.trim()}\`** ${help}.${named === '' ? '' : ` Options: ${named}.`}`;
    }),
    '',
    section(
      '## Options of the commands',
      options.filter((option: Option) => !option.commands.includes('serve')),
    ),
  ];
}

function section(title: string, shown: readonly Option[]): string {
  return [
    `${title}\n`,
    '| option | variable | default | meaning | allowed |',
    '| --- | --- | --- | --- | --- |',
    ...shown.map(row),
    '',
  ].join('\n');
}

/** Addresses as code: their asterisks are not emphasis. */
function marked(text: string): string {
  return text.replaceAll(/\bhttps?:\/\/[^\s,;]+/g, '`$&`');
}

function row({ name, value, env, default: fallback = '', help, type }: Option): string {
  const option = value === undefined ? `--${name}` : `--${name} ${value}`;
  return `| \`${option}\` | ${env === undefined ? '' : `\`${env}\``} | ${marked(fallback)} | ${marked(help)} | ${marked(allowedFor(type))} |`;
}
