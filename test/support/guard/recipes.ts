import type { Histogram, Look } from '@graylane/rollout';
import { bounds } from './durations.ts';

/**
 * A gate as teams build it: returns true when it rolls back. It keeps its own state between looks.
 */
export type Recipe = () => (look: Look) => boolean;

/** The p95 of gray is more than 15 % above that of control; the third such look rolls back. */
export const p95AtEachLook: Recipe = () => {
  let failures = 0;
  return (look) => {
    const { gray, control } = durationsOf(look);
    if (p95(gray) > 1.15 * p95(control)) failures += 1;
    return failures > 2;
  };
};

/** A Kolmogorov-Smirnov test of all requests so far, at each look, at a nominal 5 %. */
export const ksAtEachLook: Recipe = () => {
  let [gray, control] = [none(), none()];
  return (look) => {
    const next = durationsOf(look);
    gray = add(gray, next.gray);
    control = add(control, next.control);
    const [n, m] = [sum(gray), sum(control)];
    let [g, c, distance] = [0, 0, 0];
    for (let j = 0; j < bounds.length; j += 1) {
      g += gray[j] ?? 0;
      c += control[j] ?? 0;
      distance = Math.max(distance, Math.abs(g / n - c / m));
    }
    return distance * Math.sqrt((n * m) / (n + m)) > 1.358;
  };
};

function durationsOf(look: Look): { gray: readonly number[]; control: readonly number[] } {
  const { gray, control } = look.slis['latency'] as { gray: Histogram; control: Histogram };
  return { gray: gray.counts, control: control.counts };
}

/** As Prometheus computes it: by linear interpolation within the bucket. */
function p95(counts: readonly number[]): number {
  const wanted = 0.95 * sum(counts);
  let seen = 0;
  for (let j = 0; j < bounds.length; j += 1) {
    const count = counts[j] ?? 0;
    const [low, high] = [j === 0 ? 0 : (bounds[j - 1] ?? 0), bounds[j] ?? 0];
    if (seen + count >= wanted) return low + ((high - low) * (wanted - seen)) / count;
    seen += count;
  }
  return bounds.at(-1) ?? 0;
}

function none(): number[] {
  return Array.from({ length: bounds.length + 1 }, () => 0);
}

function add(one: readonly number[], other: readonly number[]): number[] {
  return one.map((count, index) => count + (other[index] ?? 0));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
