/** Nanoseconds as milliseconds, exact to about a quarter of a microsecond. */
export function millisecondsOf(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e6;
}
