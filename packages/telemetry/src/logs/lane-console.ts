import { format } from 'node:util';
import { logFields, type LogFieldOptions } from './log-fields.ts';
import { oneLine } from './one-line.ts';

const methods = ['debug', 'log', 'info', 'warn', 'error'] as const;

/** A console whose methods can be replaced. */
export type LoggingConsole = Pick<Console, (typeof methods)[number]>;

/**
 * Has `console` write one line for each call, with control characters escaped and the fields at its
 * end: `paid 12 EUR lane=gray trace_id=…`. Calls stay as they are. Returns a function that restores
 * the console.
 */
export function laneConsole(options: LogFieldOptions = {}, target: LoggingConsole = console): () => void {
  const fields = logFields(options);
  const originals = methods.map((method) => [method, target[method]] as const);
  for (const [method, original] of originals) {
    target[method] = (...args: unknown[]) => {
      original.call(target, '%s', `${oneLine(format(...args))}${suffix(fields())}`);
    };
  }
  return () => {
    for (const [method, original] of originals) target[method] = original;
  };
}

/** Values with spaces or quotes are quoted, as logfmt does. */
function suffix(fields: Record<string, string>): string {
  return Object.entries(fields)
    .map(
      ([key, value]) =>
        ` ${key}=${/^[^\s"=]+$/.test(value) ? oneLine(value) : oneLine(JSON.stringify(value))}`,
    )
    .join('');
}
