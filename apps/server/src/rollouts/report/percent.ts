/** A share with two digits, e.g. `0.62 %`. */
export function percentOf(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
