/** Where the server says what it does. */
export interface Log {
  info(text: string): void;
  warn(text: string): void;
}

/** One line an event on the standard streams; what stands on further lines is indented. */
export const consoleLog: Log = {
  info: (text) => console.log(`graylane-server: ${text}`),
  warn: (text) => console.error(`graylane-server: warning: ${text}`),
};
