/** Escapes a lane for a header: a lane can be any string, a header holds visible ASCII only. */
export function headerSafe(lane: string): string {
  return /^[\x21-\x7e]+$/.test(lane)
    ? lane
    : encodeURIComponent(lane.replaceAll(/[\uD800-\uDFFF]/gu, '\uFFFD'));
}
