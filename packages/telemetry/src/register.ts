// node --import @graylane/telemetry/register app.js
import { isMainThread } from 'node:worker_threads';
import { startTelemetry } from './register/start-telemetry.ts';

// Each worker thread runs this, too; one management port and one SDK a process are enough.
if (isMainThread) await startTelemetry();
