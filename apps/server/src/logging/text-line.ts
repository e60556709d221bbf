interface Entry {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly service?: string;
  readonly [field: string]: unknown;
}

/**
 * A line of JSON as text for a terminal: the time of day, the level unless it is `info`, the
 * message and the fields. Further lines of a message are indented.
 */
export function textLine(json: string): string {
  const { time, level, msg, service: _omitted, ...fields } = JSON.parse(json) as Entry;
  const head = `${time.slice(11, 23)} ${level === 'info' ? '' : `${level}: `}`;
  const details = Object.entries(fields).map(([name, value]) => ` ${name}=${shown(value)}`);
  return `${head}${printable(msg)}${details.join('')}\n`;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w.:/@-]+$/.test(text)
    ? text
    : printable(typeof value === 'string' ? JSON.stringify(text) : text);
}

/** A control character could forge a line, or a command of the terminal. */
function printable(text: string): string {
  return text
    .replaceAll('\n', '\n  ')
    .replaceAll(/(?!\n)\p{Cc}/gu, (control) => JSON.stringify(control).slice(1, -1));
}
