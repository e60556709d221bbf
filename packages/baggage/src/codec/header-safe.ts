/** A lane as a header may hold it: a lane is any text, a header holds visible ASCII. */
export function headerSafe(lane: string): string {
  return /^[\x21-\x7e]+$/.test(lane)
    ? lane
    : encodeURIComponent(lane.replaceAll(/[\uD800-\uDFFF]/gu, '\uFFFD'));
}
