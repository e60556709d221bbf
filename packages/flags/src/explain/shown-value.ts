import type { JsonValue } from '../evaluation.ts';
import { setOwn } from '../json/values.ts';

/** How many characters a value of an explanation has, about. */
const maxCharacters = 300;
const maxLevels = 5;

/** A copy of any value as JSON, cut to about 300 characters; never throws. */
export function shownValue(value: unknown): JsonValue {
  try {
    return copy(value, maxLevels, { left: maxCharacters });
  } catch {
    // A getter of the caller that throws.
    return 'can not be read';
  }
}

interface Budget {
  left: number;
}

function copy(value: unknown, levels: number, budget: Budget): JsonValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return cut(value, budget);
  budget.left -= 4;
  if (typeof value === 'boolean') return value;
  // JSON has no -0.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : String(value);
  if (typeof value !== 'object') return cut(typeof value === 'bigint' ? String(value) : typeof value, budget);
  if (value instanceof Date) return cut(String(value), budget);
  if (levels === 0) return '…';
  return Array.isArray(value) ? copyArray(value, levels, budget) : copyObject(value, levels, budget);
}

function copyArray(list: readonly unknown[], levels: number, budget: Budget): JsonValue {
  const items: JsonValue[] = [];
  for (const item of list) {
    if (budget.left <= 0) {
      items.push(`… ${list.length - items.length} more`);
      break;
    }
    items.push(copy(item, levels - 1, budget));
  }
  return items;
}

function copyObject(value: object, levels: number, budget: Budget): JsonValue {
  const members: Record<string, JsonValue> = {};
  const keys = Object.keys(value);
  for (const [index, key] of keys.entries()) {
    if (budget.left <= 0) {
      members['…'] = `${keys.length - index} more`;
      break;
    }
    const name = cut(key, budget);
    setOwn(members, name, copy((value as Record<string, unknown>)[key], levels - 1, budget));
  }
  return members;
}

function cut(text: string, budget: Budget): string {
  const most = Math.max(0, budget.left);
  budget.left -= text.length + 4;
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}
