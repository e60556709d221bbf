/** The levels of `--log-level`: less severe events are left out. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** The formats of `--log-format`. */
export const logFormats = ['json', 'text'] as const;

/** How the server logs. */
export interface LogOptions {
  /** Default: info. */
  readonly level?: (typeof logLevels)[number] | undefined;
  /** Default: text on a terminal, otherwise JSON. */
  readonly format?: (typeof logFormats)[number] | undefined;
}
