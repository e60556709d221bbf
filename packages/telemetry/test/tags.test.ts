import { getActiveCell, runInLane } from '@graylane/baggage';
import { tagRequests, type TagCarrier, type TagSource } from '@graylane/telemetry';
import { describe, expect, test } from 'vitest';
import { tagsOf } from '../src/tags/request-tags.ts';

const jwt = (claims: unknown): string =>
  `Bearer ${['{}', JSON.stringify(claims), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.')}`;
const metadata = (entries: Record<string, (string | Buffer)[]>): TagCarrier => ({
  get: (key) => entries[key] ?? [],
});

describe('a tag', () => {
  test.each<[string, TagSource, TagCarrier, string | undefined]>([
    ['a header', { header: 'X-Tenant' }, { 'x-tenant': 'acme' }, 'acme'],
    ['the first of repeated headers', { header: 'x-tenant' }, { 'x-tenant': ['acme', 'umbrella'] }, 'acme'],
    ['a cookie', { cookie: 'tenant' }, { cookie: 'a=1; tenant=acme; b=2' }, 'acme'],
    ['no cookie of another name', { cookie: 'tenant' }, { cookie: 'xtenant=acme' }, undefined],
    ['a claim', { claim: 'tid' }, { authorization: jwt({ tid: 'acme' }) }, 'acme'],
    ['a claim that is a number', { claim: 'tid' }, { authorization: jwt({ tid: 7 }) }, '7'],
    ['no claim that is an object', { claim: 'tid' }, { authorization: jwt({ tid: {} }) }, undefined],
    ['no claim of the prototype', { claim: 'constructor' }, { authorization: jwt({}) }, undefined],
    ['nothing from an opaque token', { claim: 'tid' }, { authorization: 'Bearer abc.d%f.g' }, undefined],
    [
      'nothing from a token of 9 KB',
      { claim: 'tid' },
      { authorization: jwt({ tid: 'a', x: 'y'.repeat(9000) }) },
      undefined,
    ],
    ['the metadata of gRPC', { metadata: 'x-tenant' }, metadata({ 'x-tenant': ['acme'] }), 'acme'],
    ['no binary metadata', { metadata: 'x-bin' }, metadata({ 'x-bin': [Buffer.from('a')] }), undefined],
    ['nothing that is too long', { header: 'x-tenant' }, { 'x-tenant': 'x'.repeat(129) }, undefined],
    ['nothing of the prototype of headers', { header: 'constructor' }, {}, undefined],
  ])('reads %s', (_name, source, carrier, value) => {
    expect(tagRequests({ tenant: source }).read(carrier)['tenant']).toBe(value);
  });

  test.each([{}, { header: 7 }, { body: 'x' }, { header: 'a', cookie: 'b' }])(
    'has no source %j',
    (source) => {
      expect(() => tagRequests({ tenant: source as unknown as TagSource })).toThrow(
        'the tag "tenant" has the source',
      );
    },
  );
});

describe('the request id', () => {
  test('is the one of the caller, if it is a plain one', () => {
    const { read } = tagRequests();
    expect(read({ 'x-request-id': 'r-1' })['requestId']).toBe('r-1');
    expect(read({ 'x-request-id': 'r 1\n' })['requestId']).toMatch(/^[0-9a-f-]{36}$/);
    expect(read({})['requestId']).not.toBe(read({})['requestId']);
  });
});

describe('tags', () => {
  test('belong to the request in which they are read', () => {
    const tags = tagRequests({ tenant: { header: 'x-tenant' } });
    runInLane('gray', () => {
      const cell = getActiveCell();
      tags({ headers: { 'x-tenant': 'acme' } }, undefined, () => {
        expect(getActiveCell()).toBe(cell);
        expect(tagsOf(cell)).toMatchObject({ tenant: 'acme' });
      });
    });
    expect(tags.run({ 'x-tenant': 'b' }, () => tagsOf(getActiveCell())['tenant'])).toBe('b');
    expect(getActiveCell()).toBeUndefined();
  });
});
