import { escapeField, unescapeField } from './seal.ts';

/** A flag decision that travels with its request. */
export interface Pin {
  readonly variant: string;
  /** The revision of the rules that decided. */
  readonly revision: string;
}

/** How many characters the pins of one request may take; a pin that does not fit is not carried. */
export const maxPinsLength = 2048;

/** Flag key, variant and revision. */
const fieldsOfPin = 3;

/**
 * Writes pins as one value, in characters that no propagator encodes: three fields a pin, all
 * separated by dots.
 */
export function formatPins(pins: ReadonlyMap<string, Pin>): string {
  return [...pins]
    .flatMap(([key, { variant, revision }]) => [key, variant, revision].map(escapeField))
    .join('.');
}

/**
 * Reads what `formatPins` wrote. A malformed pin is left out; a value that does not consist of
 * whole pins yields no pins.
 */
export function parsePins(value: string): Map<string, Pin> {
  const pins = new Map<string, Pin>();
  if (value === '' || value.length > maxPinsLength) return pins;
  const fields = value.split('.');
  if (fields.length % fieldsOfPin > 0) return pins;
  for (let index = 0; index < fields.length; index += fieldsOfPin) {
    const [key, variant, revision] = fields.slice(index, index + fieldsOfPin).map(unescapeField);
    if (key !== undefined && variant !== undefined && revision !== undefined)
      pins.set(key, { variant, revision });
  }
  return pins;
}
