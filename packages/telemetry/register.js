// node --import @graylane/telemetry/register app.js
import { isMainThread } from 'node:worker_threads';
import { startTelemetry } from '@graylane/telemetry/start';

// Worker threads run this, too; one management port and one SDK a process are enough.
if (isMainThread) await startTelemetry();
