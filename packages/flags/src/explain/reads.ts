import { toText } from '../rule/coercion.ts';
import { operandOf, operandsOf } from '../rule/logic.ts';
import { readPath } from '../rule/path.ts';
import type { ExplainedRead } from './explanation.ts';
import { operandValue, type OperationRun } from './operation-run.ts';
import { shownValue } from './shown-value.ts';

const maxReads = 20;

/** The facts that an operation read by itself, not through its operands: the first 20. */
export function readsOf(run: OperationRun, operator: string): readonly ExplainedRead[] {
  return pathsOf(run, operator)
    .slice(0, maxReads)
    .map((path) => readOf(run, path));
}

function pathsOf(run: OperationRun, operator: string): readonly unknown[] {
  switch (operator) {
    case 'var': {
      const path = operandValue(run, 0)?.value ?? '';
      return [Array.isArray(path) ? path[0] : path];
    }
    case 'missing': {
      const places = operandsOf(operandOf(run.logic));
      const paths = places.map((_, place) => operandValue(run, place)?.value);
      const [first] = paths;
      return Array.isArray(first) ? first : paths;
    }
    case 'missing_some': {
      const paths = operandValue(run, 1)?.value;
      return Array.isArray(paths) ? paths : [paths];
    }
    default:
      return [];
  }
}

const absent = Symbol('absent');

/** The fact at one path. */
export function readOf({ scope, data, now }: OperationRun, path: unknown): ExplainedRead {
  const name = toText(path);
  const ofElement = scope.iterating;
  const value = readPath(name, scope, absent)(data, now);
  const present = value !== absent;
  return { path: name, value: present ? shownValue(value) : null, present, ofElement };
}
