import type { Schema } from '../../api/request.ts';

/** The gravest lapse of a call: a lost dye, a dye from nowhere, or another lane that served it. */
export function lapseOf(edge: Schema<'MapEdge'>): 'escaped' | 'leaked' | 'fallback' | undefined {
  return (['escaped', 'leaked', 'fallback'] as const).find((kind) => edge[kind] > 0);
}
