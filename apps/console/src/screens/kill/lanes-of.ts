import type { FlagSet } from '@graylane/flags';
import { isRecord } from '../../json/values.ts';

/** The lanes that dye rules can yield: string flags that have the variant "baseline". */
export function lanesOf(flags: FlagSet | undefined): string[] {
  const lanes = new Set<string>();
  for (const key of flags?.keys() ?? []) {
    const definition = flags?.get(key)?.definition;
    const variants = isRecord(definition) && isRecord(definition['variants']) ? definition['variants'] : {};
    const values = Object.values(variants);
    if (!values.includes('baseline')) continue;
    for (const lane of values) {
      if (typeof lane === 'string' && lane !== 'baseline' && !lane.endsWith('-control')) lanes.add(lane);
    }
  }
  return [...lanes];
}
