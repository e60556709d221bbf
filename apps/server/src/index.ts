export { createServer, type RunningServer } from './create-server.ts';
export type { Settings } from './settings.ts';
export type { Log } from './log.ts';
