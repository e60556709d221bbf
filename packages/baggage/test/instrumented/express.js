import { baggageMiddleware } from '@graylane/baggage/express';
import express from 'express';
import { sayLater, serve } from './http.js';

export function server(ingress, sighting) {
  const app = express();
  app.use(baggageMiddleware({ ingress }));
  app.use((_request, _response, next) => setImmediate(next));
  app.get('/', (_request, response) => void sayLater(response, sighting));
  return serve(app);
}
