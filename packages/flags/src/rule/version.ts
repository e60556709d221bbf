/** A version, without its build metadata, which does not count in comparisons (Semantic Versioning 2.0.0, section 10). */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: string | undefined;
}

const digits = '0|[1-9]\\d{0,15}';
const identifier = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][\\dA-Za-z-]*)';
const pattern = new RegExp(
  `^[vV]?(${digits})(?:\\.(${digits})(?:\\.(${digits})(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+[\\dA-Za-z.-]+)?)?)?$`,
);
const longest = 256;

/** Reads a version as flagd does: a leading v is dropped, "1" and "1.2" stand for 1.0.0 and 1.2.0, a number for its text. Else null. */
export function parseVersion(value: unknown): Version | null {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || text.length > longest) return null;
  const match = pattern.exec(text);
  if (match === null) return null;
  const [, major, minor = '0', patch = '0', prerelease] = match;
  return { major: Number(major), minor: Number(minor), patch: Number(patch), prerelease };
}

/** Negative where the first version comes first, positive where the second does, 0 where neither (Semantic Versioning 2.0.0, section 11). */
export function compareVersions(one: Version, other: Version): number {
  return (
    one.major - other.major ||
    one.minor - other.minor ||
    one.patch - other.patch ||
    comparePrereleases(one.prerelease, other.prerelease)
  );
}

function comparePrereleases(one: string | undefined, other: string | undefined): number {
  if (one === other) return 0;
  if (one === undefined) return 1;
  if (other === undefined) return -1;
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
