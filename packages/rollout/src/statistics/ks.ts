/**
 * The interval in which the Kolmogorov-Smirnov distance of two distributions lies that are known at
 * boundaries only: within a bucket the distributions may run anywhere between its ends. `gray` and
 * `control` are shares of requests *above* each boundary, ascending by boundary.
 */
export function ksInterval(gray: readonly number[], control: readonly number[]): [number, number] {
  let [low, high] = [0, 0];
  for (let j = 0; j <= gray.length; j += 1) {
    const [g, c] = [gray[j] ?? 0, control[j] ?? 0];
    const [gBefore, cBefore] = [j === 0 ? 1 : (gray[j - 1] ?? 0), j === 0 ? 1 : (control[j - 1] ?? 0)];
    low = Math.max(low, Math.abs(g - c));
    high = Math.max(high, cBefore - g, gBefore - c);
  }
  return [low, Math.min(1, high)];
}
