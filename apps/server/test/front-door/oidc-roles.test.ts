import { describe, expect, test } from 'vitest';
import { accessOfRoles } from '../../src/oidc/roles.ts';
import { backOf } from '../../src/oidc/routes.ts';
import { Sealer } from '../../src/oidc/sealed-value.ts';

describe('the access of roles', () => {
  test.each([
    [['graylane-write'], { scope: 'write' }],
    [['graylane-definitions', 'graylane-admin', 'graylane-write'], { scope: 'admin' }],
    [['graylane-admin:staging', 'graylane-definitions'], { scope: 'definitions' }],
    [['graylane-definitions:dev', 'graylane-write:staging'], { scope: 'write', environment: 'staging' }],
    ['staff graylane-evaluate', { scope: 'evaluate' }],
    [['graylane-root', 'admin', 'graylane-', 7], undefined],
    [undefined, undefined],
  ])('%j give %j', (roles, access) => {
    expect(accessOfRoles(roles)).toEqual(access);
  });
});

describe('a sealed value', () => {
  const sealer = new Sealer('secret', 'session');
  const sealed = sealer.seal({ name: 'wang' });

  test('is opened by any server with the secret, and hides its content', () => {
    expect(new Sealer('secret', 'session').open(sealed)).toEqual({ name: 'wang' });
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('wang');
    expect(sealer.seal({ name: 'wang' })).not.toBe(sealed);
  });

  test.each([
    ['another secret', () => new Sealer('other', 'session').open(sealed)],
    ['another purpose', () => new Sealer('secret', 'sign-in').open(sealed)],
    ['a changed value', () => sealer.open(`${sealed.startsWith('A') ? 'B' : 'A'}${sealed.slice(1)}`)],
    ['a cut value', () => sealer.open(sealed.slice(0, 20))],
    ['nothing', () => sealer.open('')],
  ])('is nothing with %s', (_case, open) => {
    expect(open()).toBeUndefined();
  });
});

describe('the way back from a sign-in', () => {
  test.each<readonly [string | null, string]>([
    ['/e/default/flags/new%20fees?tab=history#top', '/e/default/flags/new%20fees?tab=history#top'],
    ['/e/größe', '/e/gr%C3%B6%C3%9Fe'],
    ...[
      null,
      '',
      'e/default',
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '\\/evil.example',
      '/\t/evil.example',
      '/\n/evil.example',
      '/\r\n\t\\evil.example',
      '/.//evil.example',
      '/e/..//evil.example',
      'javascript:alert(1)',
    ].map((given) => [given, '/'] as const),
  ])('of %j is %s', (given, back) => {
    expect(backOf(given)).toBe(back);
  });
});
