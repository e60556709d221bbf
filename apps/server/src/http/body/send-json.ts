import type { ServerResponse } from 'node:http';

/** Responds with JSON that is already serialized, in one write. */
export function sendJson(response: ServerResponse, status: number, json: string | Buffer): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(json);
}
