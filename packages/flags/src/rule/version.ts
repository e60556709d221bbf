/**
 * A version, without its build metadata, which does not count in comparisons (Semantic Versioning
 * 2.0.0, section 10).
 */
export class Version {
  major = 0;
  minor = 0;
  patch = 0;
  /** The prerelease identifiers with their dots; empty without them. */
  prerelease = '';

  /**
   * Reads a version as flagd does, in place of the one before: a leading v is dropped, "1" and
   * "1.2" stand for 1.0.0 and 1.2.0, a number for its string. False if it is not a version; then
   * this one must not be used.
   */
  read(value: unknown): boolean {
    const text = typeof value === 'number' ? String(value) : value;
    if (typeof text !== 'string' || text.length > longest) return false;
    const start = /* v */ (text.charCodeAt(0) | 0x20) === 0x76 ? 1 : 0;
    this.minor = this.patch = 0;
    this.prerelease = '';
    let end = digits(text, start);
    if (end < 0) return false;
    this.major = number;
    if (end === text.length) return true;
    end = text.charCodeAt(end) === dot ? digits(text, end + 1) : -1;
    if (end < 0) return false;
    this.minor = number;
    if (end === text.length) return true;
    end = text.charCodeAt(end) === dot ? digits(text, end + 1) : -1;
    if (end < 0) return false;
    this.patch = number;
    return end === text.length || this.#readTail(text.slice(end));
  }

  #readTail(tail: string): boolean {
    const match = tailPattern.exec(tail);
    this.prerelease = match?.[1] ?? '';
    return match !== null;
  }
}

/**
 * Negative where the first version comes first, positive where the second does, 0 where neither
 * (Semantic Versioning 2.0.0, section 11).
 */
export function compareVersions(one: Version, other: Version): number {
  if (one.major !== other.major) return one.major - other.major;
  if (one.minor !== other.minor) return one.minor - other.minor;
  if (one.patch !== other.patch) return one.patch - other.patch;
  return one.prerelease === other.prerelease ? 0 : comparePrereleases(one.prerelease, other.prerelease);
}

/**
 * Whether a string is a whole version (Semantic Versioning 2.0.0, section 2), as flagd's schema
 * requires it.
 */
export function isSemanticVersion(text: string): boolean {
  return semanticVersion.test(text);
}

const longest = 256;
const dot = 0x2e;
const identifier = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][\\dA-Za-z-]*)';
const tail = `(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+[\\dA-Za-z-]+(?:\\.[\\dA-Za-z-]+)*)?`;
const tailPattern = new RegExp(`^${tail}$`);
const semanticVersion = new RegExp(`^(?:0|[1-9]\\d*)(?:\\.(?:0|[1-9]\\d*)){2}${tail}$`);

/** The number that `digits` read last: one string is read at a time, so it needs no object. */
let number = 0;

/**
 * Reads a number without leading zeros into `number`, and returns where it ends; -1 without a
 * number, or for one that a double can't hold.
 */
function digits(text: string, start: number): number {
  number = 0;
  let at = start;
  for (; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) break;
    number = number * 10 + digit;
  }
  const leadingZero = at - start > 1 && text.charCodeAt(start) === 0x30;
  return at === start || leadingZero || number > Number.MAX_SAFE_INTEGER ? -1 : at;
}

function comparePrereleases(one: string, other: string): number {
  if (one === '') return 1;
  if (other === '') return -1;
  const ours = one.split('.');
  const theirs = other.split('.');
  for (const [index, part] of ours.entries()) {
    const against = theirs[index];
    if (against === undefined) return 1;
    if (part !== against) return compareIdentifiers(part, against);
  }
  return -1;
}

function compareIdentifiers(one: string, other: string): number {
  const numeric = /^\d+$/;
  const [first, second] = [numeric.test(one), numeric.test(other)];
  if (first && second) return one.length - other.length || (one < other ? -1 : 1);
  if (first !== second) return first ? -1 : 1;
  return one < other ? -1 : 1;
}
