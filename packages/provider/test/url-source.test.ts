import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GraylaneProvider } from '@graylane/provider';
import { describe, expect, test } from 'vitest';
import { failedStart } from '../../../test/support/failed-start.ts';

describe('a start without flags says', () => {
  const problem = 'application/problem+json; charset=utf-8';
  const detail = 'there is no environment "prod": use one of default';
  const answers: [string, RequestListener, string][] = [
    [
      'what a flag server says',
      answer(404, problem, JSON.stringify({ detail })),
      `answered 404: ${detail}. `,
    ],
    [
      'whether that is a flag server, where something else answers',
      answer(404, 'text/html', '<h1>Not found</h1>'),
      'answered 404: check that source.url is a graylane flag server. ',
    ],
    ['the status, where a problem is none', answer(503, problem, '{"detail":'), 'answered 503. '],
    [
      'the status, where a problem does not end',
      answer(503, problem, `{"detail": "${'x'.repeat(1e6)}"}`),
      'answered 503. ',
    ],
    ['which option helps', answer(401, problem, '{"detail":"no"}'), 'answered 401: set source.token. '],
  ];
  test.each(answers)('%s', async (_case, listener, words) => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect(await whyNot(url)).toContain(`the flag server at ${url} ${words}`);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('why an address can never be reached', async () => {
    expect(await whyNot('http://127.0.0.1:1')).toContain("can't be reached (bad port)");
  });
});

function answer(status: number, type: string, body: string): RequestListener {
  return (_request, response) => void response.writeHead(status, { 'content-type': type }).end(body);
}

async function whyNot(url: string): Promise<string> {
  return failedStart(async (startTimeoutMs) => {
    const provider = new GraylaneProvider({ source: { url }, startTimeoutMs });
    try {
      await provider.initialize();
    } finally {
      await provider.onClose();
    }
  });
}
