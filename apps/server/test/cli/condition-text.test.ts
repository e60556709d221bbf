import { expect, test } from 'vitest';
import { conditionText } from '../../src/usage/condition-text.ts';

const lane = { var: 'lane' };

test.each([
  [{ '==': [lane, 'gray'] }, 'lane == "gray"'],
  [{ in: [{ var: ['tenant', 'none'] }, ['us', 'qa']] }, 'tenant in ["us","qa"]'],
  [{ and: [{ '>': [{ var: 'age' }, 3] }, { '!': [{ var: 'vip' }] }] }, 'age > 3 and not (vip)'],
  [{ and: [{ or: [{ var: 'a' }, { var: 'b' }] }, { var: 'c' }] }, '(a or b) and c'],
  [{ or: [{ or: [{ var: 'a' }, { var: 'b' }] }, { var: 'c' }] }, 'a or b or c'],
  [{ sem_ver: [{ var: 'version' }, '>=', '1.2.0'] }, 'version >= "1.2.0"'],
  [{ '!!': [{ var: 'targetingKey' }] }, 'targetingKey is set'],
  [{ ends_with: [{ var: 'email' }, '@acme.example'] }, 'email ends with "@acme.example"'],
  [{ $ref: 'insider' }, '$ref "insider"'],
  [{ some: [{ var: 'tags' }, { '==': [{ var: '' }, 'x'] }] }, 'some(tags, the context == "x")'],
  [{ missing: ['a', 'b'] }, 'missing("a", "b")'],
  [{ '<': [1, { var: 'x' }, 3] }, '<(1, x, 3)'],
  [true, 'true'],
  [null, 'null'],
  [{ two: 1, keys: 2 }, '{"two":1,"keys":2}'],
])('%j reads %s', (logic, text) => {
  expect(conditionText(logic)).toBe(text);
});

test('long and deep conditions are cut', () => {
  const long = conditionText({ or: Array.from({ length: 100 }, (_, n) => ({ '==': [lane, `lane-${n}`] })) });
  expect(long).toHaveLength(300);
  let deep: object = lane;
  for (let level = 0; level < 50; level += 1) deep = { '!': [deep] };
  expect(conditionText(deep)).toBe('not (not (not (not (not (not (…))))))');
  expect(conditionText({ '==': [lane, 'x'.repeat(100)] })).toMatch(/^lane == "x{58}…$/);
});
