import { describe, expect, test } from 'vitest';
import { checkOptions } from '../src/check-options.ts';

const types = {
  egress: 'object',
  ingress: 'object?',
  fetch: 'function?',
  keys: 'array?',
  ttl: 'number?',
} as const;
const example = 'send({ egress: { to: {} } })';

describe('options', () => {
  test.each([
    { egress: {} },
    { egress: {}, ingress: undefined },
    { egress: {}, fetch: () => 0, keys: [], ttl: 1 },
  ])('may be %j', (options) => {
    expect(() => checkOptions('send', options, types, example)).not.toThrow();
  });

  test.each<[unknown, string]>([
    [undefined, `send needs the option "egress": e.g. ${example}`],
    [null, 'send takes an object of options, got null'],
    [[], 'send takes an object of options, got an array'],
    ['egress', 'send takes an object of options, got a string'],
    [
      { egress: {}, ingres: {} },
      'send has no option "ingres" (did you mean "ingress"?): its options are egress, ingress,',
    ],
    [{ egress: {}, Ingress: {} }, 'did you mean "ingress"?'],
    [{ egress: {}, wholly: 1 }, 'send has no option "wholly": its options are egress,'],
    [{ egress: {}, constructor: 1 }, 'send has no option "constructor"'],
    [{ egress: null }, 'send: "egress" must be an object, got null'],
    [{ egress: [] }, 'send: "egress" must be an object, got an array'],
    [{ egress: {}, ttl: Number.NaN }, 'send: "ttl" must be a number, got NaN'],
    [{ egress: {}, fetch: 'a secret' }, 'send: "fetch" must be a function, got a string'],
  ])('are refused with the remedy: %j', (options, message) => {
    expect(() => checkOptions('send', options, types, example)).toThrow(message);
  });
});
