import { logFields, type LogFieldOptions, type LogFields } from './log-fields.ts';

/**
 * A `mixin` for pino: each line shows lane, trace, request id, service and tags, also outside of a
 * span. Fields that a log call passes take precedence. pino escapes control characters.
 *
 *     const logger = pino({ mixin: laneMixin() });
 */
export function laneMixin(options: LogFieldOptions = {}): () => LogFields {
  return logFields(options);
}
