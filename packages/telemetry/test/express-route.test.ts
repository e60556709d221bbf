import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express5 from 'express';
// @ts-expect-error DefinitelyTyped has no types under this name; they are those of express.
import express4 from 'express4';
import { describe, expect, test } from 'vitest';
import { expressRoute } from '../src/routes/express-route.ts';

const requests = [
  ['/plain', '/plain'],
  ['/orders/7', '/orders/:id'],
  ['/users/7/orders', '/users/:user/orders'],
  ['/users/a%20b/orders/a%20b', '/users/:user/orders/:order'],
  ['/api/v1/shops/shops', '/api/:version/shops/:shop'],
  ['/api/v1', '/api/:version'],
  ['/static/route', '/static/route'],
  ['/missing/7', undefined],
] as const;

describe.each([
  ['5', express5],
  ['4', express4 as typeof express5],
])('the route of express %s', (_version, express) => {
  test.each(requests)('of %s is %s', async (path, template) => {
    const found: (string | undefined)[] = [];
    const app = express();
    const ok: express5.RequestHandler = (_request, response) => void response.end();
    app.use((request, response, next) => {
      response.once('close', () => found.push(expressRoute(request)));
      next();
    });
    app.get('/plain', ok).get('/orders/:id', ok);
    const users = express.Router();
    users.get('/orders', ok).get('/orders/:order', ok);
    app.use('/users/:user', users);
    const shops = express.Router();
    shops.get('/:shop', ok);
    const api = express.Router();
    api.use('/shops', shops);
    api.get('/', ok);
    app.use('/api/:version', api);
    app.use('/static', express.Router().get('/route', ok));
    const server: Server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)).text();
    await expect.poll(() => found).toEqual([template]);
    server.close();
  });
});
