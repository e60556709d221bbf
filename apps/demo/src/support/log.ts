import { laneMixin } from '@graylane/telemetry';
import { pino, type Logger } from 'pino';

/** The log of a service: each line shows the lane, the trace and the service. */
export const log: Logger = pino({ base: {}, mixin: laneMixin(), level: process.env['LOG_LEVEL'] || 'info' });
