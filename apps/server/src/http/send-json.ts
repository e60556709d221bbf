import type { ServerResponse } from 'node:http';

/** Answers with a text that is JSON, in one write. */
export function sendJson(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(text);
}
