import { baggageMiddleware } from '@graylane/baggage/express';
import express from 'express';
import { createRequire } from 'node:module';
import { sayLater, serve } from './http.js';

const { version } = createRequire(import.meta.url)('express/package.json');

/** Which express this is, and whether OpenTelemetry has instrumented it. */
export function about() {
  return `express ${version.split('.')[0]}${express.application.use.__wrapped ? ' instrumented' : ''}`;
}

export function server(ingress, sighting) {
  const app = express();
  if (ingress) app.use(baggageMiddleware({ ingress }));
  app.use((_request, _response, next) => setImmediate(next));
  app.get('/', (_request, response) => void sayLater(response, sighting));
  return serve(app);
}
