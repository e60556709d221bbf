/** The lane of undyed traffic: it always exists and is always complete. */
export const baseline = 'baseline';

/** The key of the baggage member that holds the lane, unless a `laneKey` names another. */
export const defaultLaneKey = 'lane';

/** The key of the baggage member that holds the pins. */
export const pinsKey = 'pins';

/** The key of the member that seals another one: `lane-seal` of `lane`. */
export function sealKeyOf(key: string): string {
  return `${key}-seal`;
}

export const pinsSealKey: string = sealKeyOf(pinsKey);

/**
 * The keys of the members that graylane writes itself, in the order in which they are sent: first
 * of all.
 */
export function ownKeys(laneKey: string): readonly string[] {
  return laneKey === defaultLaneKey ? defaultOwnKeys : keysOf(laneKey);
}

function keysOf(laneKey: string): readonly string[] {
  return [laneKey, sealKeyOf(laneKey), pinsKey, pinsSealKey];
}

const defaultOwnKeys = keysOf(defaultLaneKey);

/** The lane that a control lane is compared with; undefined for any other lane. */
export function comparedWith(lane: string): string | undefined {
  return lane.endsWith(controlSuffix) ? lane.slice(0, -controlSuffix.length) : undefined;
}

const controlSuffix = '-control';
const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** Metrics put lanes that they don't know under this name, so no request may run in it. */
const other = 'other';

/** Whether a request may run in a lane of this name: a DNS label (RFC 1123), and not `other`. */
export function isLane(name: string): boolean {
  if (name === lastLane) return true;
  if (!label.test(name) || name === other) return false;
  lastLane = name;
  return true;
}

/** The last one found to be a lane: most requests in a row are in few lanes. */
let lastLane = baseline;

/** Why `isLane` refuses a name, and what a lane may be called. */
export function laneFault(name: string): string {
  const shown = JSON.stringify(name.length > mostShown ? `${name.slice(0, mostShown)}…` : name);
  return name === other
    ? `"${other}" is reserved: metrics report unknown lanes as "${other}"`
    : `${shown} is not a lane: use 1 to 63 lower-case letters, digits and hyphens that begin and end with a letter or digit, e.g. "team-a"`;
}

const mostShown = 80;

/**
 * Refuses a lane that an option names. A lane brings its `<lane>-control` with it, and `baseline`
 * needs no configuration.
 * @throws {TypeError} with the remedy.
 */
export function checkLaneName(option: string, name: unknown): void {
  if (typeof name !== 'string') throw new TypeError(`${option} must be strings, got a ${typeof name}`);
  if (!isLane(name)) throw new TypeError(`${option}: ${laneFault(name)}`);
  if (name === baseline) {
    throw new TypeError(`${option}: "${baseline}" always exists: leave it out`);
  }
  const compared = comparedWith(name);
  if (compared !== undefined) {
    throw new TypeError(
      `${option}: "${name}" is reserved, a lane includes its control: name "${compared}" instead`,
    );
  }
}
