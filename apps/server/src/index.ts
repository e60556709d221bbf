export { createServer, type RunningServer } from './compose/create-server.ts';
export type { FlagOrigin, Settings } from './cli/settings.ts';
export type { Log } from './log.ts';
