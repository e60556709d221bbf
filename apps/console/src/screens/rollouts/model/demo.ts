import type { FlagSet } from '@graylane/flags';
import { isRecord } from '../../../json/values.ts';

/** The flag of the demo shop that breaks payments. */
export const defectKey = 'payments-defect';

/** The definition of that flag; undefined anywhere else than in the demo shop. */
export function demoDefectOf(flags: FlagSet | undefined): Readonly<Record<string, unknown>> | undefined {
  const definition = flags?.get(defectKey)?.definition;
  if (!isRecord(definition) || !isRecord(definition['variants'])) return undefined;
  return 'failing' in definition['variants'] ? definition : undefined;
}
