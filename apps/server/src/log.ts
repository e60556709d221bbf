/** The details of an event, beside its message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Receives the events of the server, for operators. */
export interface Log {
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
}
