import { logFields, type LogFieldOptions } from './log-fields.ts';
import { oneLine } from './one-line.ts';

/** A format of winston. */
export interface LaneFormat {
  transform<Info extends object>(info: Info): Info;
}

/**
 * A format for winston: each line shows lane, trace, request id, service and tags, and control
 * characters are escaped, so that each event is one line. Place it before the format that writes
 * the line.
 *
 *     const { combine, simple } = winston.format;
 *     winston.createLogger({ format: combine(laneFormat(), simple()) });
 */
export function laneFormat(options: LogFieldOptions = {}): LaneFormat {
  const fields = logFields(options);
  return {
    transform: (info) => {
      const record = info as Record<string, unknown>;
      for (const [key, value] of Object.entries(record)) {
        if (typeof value === 'string' && key !== 'level') record[key] = oneLine(value);
      }
      for (const [key, value] of Object.entries(fields())) record[key] ??= oneLine(value);
      return info;
    },
  };
}
