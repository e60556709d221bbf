import { readFileSync } from 'node:fs';
import { UrlSource, type UrlSourceOptions } from '@graylane/source';
import { describe, expect, test } from 'vitest';

const ca = readFileSync(new URL('fixtures/ca.pem', import.meta.url), 'utf8');
const url = 'https://flags:8080';

describe('the options of a flag server', () => {
  test.each<[object, string]>([
    [
      { url: 'flags:8080' },
      'source.url is "flags:8080": it must be the flag server\'s address, e.g. http://flags:8080',
    ],
    [{ url: 7 }, 'source.url is 7: it must be'],
    [
      { url: 'http://me:secret@flags:8080' },
      'source.url has a user or a password, which would appear in logs: use source.token',
    ],
    [{ url, token: 'secret\n' }, 'source.token is empty or has characters that a header must not have'],
    [{ url, token: '' }, 'source.token is empty'],
    [{ url, environment: '' }, 'source.environment is "": it must be a name, e.g. production'],
    [
      { url, ca: '/etc/ssl/ca.pem' },
      "source.ca must be certificates in PEM, e.g. readFileSync('ca.pem', 'utf8')",
    ],
    [{ url, ca: ca.replace(/\n.{20}/, '\n') }, 'source.ca must be certificates in PEM'],
    [{ url: 'http://flags:8080', ca }, 'source.ca is for https: source.url must begin with https://'],
    [{ url, maxEventBytes: 0 }, 'source.maxEventBytes is 0: it must be a positive integer, e.g. 67108864'],
    [{ url, maxEventBytes: '64M' }, 'source.maxEventBytes is 64M'],
    [
      { url, env: 'prod' },
      'source has no option "env": its options are url, token, environment, ca, maxEventBytes',
    ],
  ])('%j are refused with the remedy', (options, message) => {
    const construct = (): unknown => new UrlSource(options as UrlSourceOptions);
    expect(construct).toThrow(TypeError);
    expect(construct).toThrow(message);
  });

  test.each([
    ['http://flags:8080', 'http://flags:8080/api/v1/environments/default/stream'],
    ['http://flags:8080/', 'http://flags:8080/api/v1/environments/default/stream'],
    ['https://gateway/flags?key=secret#top', 'https://gateway/flags/api/v1/environments/default/stream'],
    ['https://gateway/flags/', 'https://gateway/flags/api/v1/environments/default/stream'],
  ])('%s identifies its environment', (address, id) => {
    expect(new UrlSource({ url: address }).id).toBe(id);
  });
});
