import { baseline } from '@graylane/baggage';
import { processWide } from '../process-wide.ts';

/** The label of every lane that is not known. */
export const otherLane = 'other';

const laneName = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const controlSuffix = '-control';

/**
 * Bounds the lane label of metrics: a known lane and its control keep their names, undyed traffic
 * is `baseline`, and all else is `other`, so that requests with random lanes create no further
 * series.
 */
export class KnownLanes {
  readonly #names: ReadonlySet<string>;

  /** @throws {TypeError} if a name can't be that of a lane. */
  constructor(names: Iterable<string>) {
    const known = [...names];
    for (const name of known) checkName(name);
    this.#names = new Set(known.flatMap((name) => [name, `${name}${controlSuffix}`]));
  }

  /** The label of a lane. */
  label(lane: string): string {
    return lane === baseline || this.#names.has(lane) ? lane : otherLane;
  }

  /** The lanes as they were given, without their controls. */
  get names(): readonly string[] {
    return [...this.#names].filter((name) => !name.endsWith(controlSuffix));
  }
}

/**
 * The lanes that `/lanes` shows and that profiles and lists are bounded to: those of the last
 * `instrumentLanes` or `laneMetrics`.
 */
export function processLanes(): { known: KnownLanes } {
  return processWide('lanes', () => ({ known: new KnownLanes([]) }));
}

function checkName(name: string): void {
  if (!laneName.test(name)) {
    throw new TypeError(
      `"${name}" can't be the name of a lane: it must be a DNS label, e.g. "gray" or "team-a"`,
    );
  }
  if (name === baseline || name === otherLane || name.endsWith(controlSuffix)) {
    throw new TypeError(
      `"${name}" is reserved: list the lanes that requests are dyed with, e.g. lanes: ["gray"]; their controls are included`,
    );
  }
}
