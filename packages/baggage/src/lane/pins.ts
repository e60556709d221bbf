/** A flag decision that travels with its request. */
export interface Pin {
  readonly variant: string;
  /** The revision of the rules that decided. */
  readonly revision: string;
}

/** The baggage key of the pins. */
export const pinsKey = 'pins';

/** How many characters the pins of one request may take; one that does not fit is not carried. */
export const maxPinsLength = 2048;

/**
 * The keys that a policy allows, and the pins where it allows the lane: they are decided for the request in that lane. To whoever may
 * know the lane they tell no more than its rules do, and whoever may choose the lane may choose more than they can. A policy that had
 * to name them would be forgotten at one hop of ten, and that hop would split the request, which is what pins are there to prevent.
 */
export function withPins(keys: ReadonlySet<string>, laneKey: string): { has(key: string): boolean } {
  return { has: (key) => keys.has(key) || (key === pinsKey && keys.has(laneKey)) };
}

const encoder = new TextEncoder();

/** Writes pins as one value, in characters that need no percent-encoding and survive hops that decode and encode again. */
export function formatPins(pins: ReadonlyMap<string, Pin>): string {
  return [...pins]
    .map(([key, { variant, revision }]) => [key, variant, revision].map(escape).join(':'))
    .join('/');
}

/** Reads what `formatPins` wrote; what is malformed is left out. */
export function parsePins(value: string): Map<string, Pin> {
  const pins = new Map<string, Pin>();
  if (value.length > maxPinsLength) return pins;
  for (const pin of value.split('/')) {
    const [key, variant, revision, ...more] = pin.split(':').map(unescape);
    if (key !== undefined && variant !== undefined && revision !== undefined && more.length === 0)
      pins.set(key, { variant, revision });
  }
  return pins;
}

/** Every UTF-8 byte but letters, digits, dot, dash and underscore becomes ~ and two digits. */
function escape(text: string): string {
  let escaped = '';
  for (const byte of encoder.encode(text)) {
    const character = String.fromCharCode(byte);
    escaped += /[\w.-]/.test(character) ? character : `~${byte.toString(16).padStart(2, '0')}`;
  }
  return escaped;
}

function unescape(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('~', '%'));
  } catch {
    // Not what `escape` writes: the pin is not ours.
    return undefined;
  }
}
