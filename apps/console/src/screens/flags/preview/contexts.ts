import { signal, type Signal } from '@preact/signals';
import { isRecord } from '../../../json/values.ts';

/** An evaluation context as it was pasted. */
export type Context = Readonly<Record<string, unknown>>;

const example =
  '{"targetingKey": "ada", "lane": "gray", "tenant": "internal"}\n{"targetingKey": "bob", "region": "cn-shenzhen"}';

const storageKey = 'graylane-contexts';

/** The pasted contexts of this tab: an array, or an object on each line. */
export const pasted: Signal<string> = signal(sessionStorage.getItem(storageKey) ?? example);

/** Keeps what was pasted over a reload. */
export function paste(text: string): void {
  pasted.value = text;
  sessionStorage.setItem(storageKey, text);
}

/** Reads pasted contexts; `error` names the first line that could not be read. */
export function readContexts(text: string): {
  readonly contexts: readonly Context[];
  readonly error?: string;
} {
  const whole = parse(text);
  if (Array.isArray(whole)) return { contexts: whole.filter(isRecord) };
  if (isRecord(whole)) return { contexts: [whole] };
  const contexts: Context[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const context = parse(line.replace(/,\s*$/, ''));
    if (!isRecord(context)) return { contexts, error: `line ${index + 1} is not a JSON object` };
    contexts.push(context);
  }
  return { contexts };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
