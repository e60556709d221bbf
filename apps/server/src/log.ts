/** Receives the events of the server, for operators. */
export interface Log {
  info(text: string): void;
  warn(text: string): void;
}

/** Writes one line per event to the standard streams; further lines of an event are indented. */
export const consoleLog: Log = {
  info: (text) => console.log(`graylane-server: ${text}`),
  warn: (text) => console.error(`graylane-server: warning: ${text}`),
};
