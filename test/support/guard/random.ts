/**
 * Random numbers from a seed: the same simulation every time (sfc32; normal deviates by ziggurat).
 */
export class Random {
  #state: readonly number[];
  readonly #drawn = new Int32Array(256);
  #next = 0;

  constructor(seed: number, stream = 0) {
    this.#state = [0x9e3779b9 ^ seed, 0x243f6a88 ^ stream, 0xb7e15162 | 0, 1];
    this.#draw();
    // The first numbers still show the seed.
    this.#next = 20;
  }

  /** From 0 to below 1. */
  uniform(): number {
    return (this.#bits() >>> 0) / 4294967296;
  }

  /** 32 random bits, as a signed integer. */
  #bits(): number {
    if (this.#next === this.#drawn.length) this.#draw();
    const bits = this.#drawn[this.#next] as number;
    this.#next += 1;
    return bits;
  }

  /** Many at a time, which is faster than one by one. */
  #draw(): void {
    let [a = 0, b = 0, c = 0, counter = 0] = this.#state;
    for (let index = 0; index < this.#drawn.length; index += 1) {
      const sum = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      this.#drawn[index] = sum;
    }
    this.#state = [a, b, c, counter];
    this.#next = 0;
  }

  /** By Marsaglia and Tsang's ziggurat of 128 layers. */
  normal(): number {
    for (;;) {
      const bits = this.#bits();
      const layer = bits & 127;
      const x = bits * (widths[layer] as number);
      if (Math.abs(bits) < (inside[layer] as number)) return x;
      if (layer === 0) return bits > 0 ? this.#beyond() : -this.#beyond();
      const [low, high] = [heights[layer] as number, heights[layer - 1] as number];
      if (low + this.uniform() * (high - low) < Math.exp((-x * x) / 2)) return x;
    }
  }

  /** The tail beyond the last layer. */
  #beyond(): number {
    for (;;) {
      const x = -Math.log(1 - this.uniform()) / edge;
      const y = -Math.log(1 - this.uniform());
      if (2 * y > x * x) return edge + x;
    }
  }

  /**
   * Successes of `n` trials of probability `p`: by inversion where few are expected, by splitting
   * with beta order statistics never needed at these sizes.
   */
  binomial(n: number, p: number): number {
    if (n <= 0 || p <= 0) return 0;
    if (p >= 1) return n;
    if (p > 0.5) return n - this.binomial(n, 1 - p);
    if (n * p < 12) return this.#byInversion(n, p);
    return this.#byRejection(n, p);
  }

  #byInversion(n: number, p: number): number {
    const ratio = p / (1 - p);
    for (;;) {
      let term = Math.exp(n * Math.log1p(-p));
      let left = this.uniform();
      for (let k = 0; k <= n; k += 1) {
        left -= term;
        if (left < 0) return k;
        term *= (ratio * (n - k)) / (k + 1);
      }
    }
  }

  /** Hoermann's transformed rejection with squeeze (BTRS). */
  #byRejection(n: number, p: number): number {
    const deviation = Math.sqrt(n * p * (1 - p));
    const b = 1.15 + 2.53 * deviation;
    const a = -0.0873 + 0.0248 * b + 0.01 * p;
    const c = n * p + 0.5;
    const limit = 0.92 - 4.2 / b;
    const mode = Math.floor((n + 1) * p);
    const scale = (2.83 + 5.1 / b) * deviation;
    const odds = Math.log(p / (1 - p));
    for (;;) {
      const u = this.uniform() - 0.5;
      let v = this.uniform();
      const us = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / us + b) * u + c);
      if (k < 0 || k > n) continue;
      if (us >= 0.07 && v <= limit) return k;
      v = Math.log((v * scale) / (a / (us * us) + b));
      const bound =
        lnFactorial(mode) + lnFactorial(n - mode) - lnFactorial(k) - lnFactorial(n - k) + (k - mode) * odds;
      if (v <= bound) return k;
    }
  }
}

const table = new Float64Array(4096);
for (let n = 1; n < table.length; n += 1) table[n] = (table[n - 1] as number) + Math.log(n);

function lnFactorial(n: number): number {
  if (n < table.length) return table[n] as number;
  return (n + 0.5) * Math.log(n) - n + 0.9189385332046727 + 1 / (12 * n);
}

/** Where the last layer of the ziggurat ends, and the area of each layer. */
const [edge, area] = [3.442619855899, 9.91256303526217e-3];
const layers = 128;
/** By layer: its width a bit, below which bits its values surely are normal, and its height. */
const widths = new Float64Array(layers);
const inside = new Float64Array(layers);
const heights = new Float64Array(layers);
{
  const density = (x: number): number => Math.exp((-x * x) / 2);
  const base = area / density(edge);
  const ends = [base, edge];
  for (let x = edge; ends.length < layers; ends.push(x)) {
    x = Math.sqrt(-2 * Math.log(area / x + density(x)));
  }
  // From the base upwards the ends shrink; layer 1 is the topmost.
  for (const [index, end] of ends.entries()) {
    const layer = index === 0 ? 0 : layers - index;
    widths[layer] = end / 2 ** 31;
    inside[layer] = ((ends[index + 1] ?? 0) / end) * 2 ** 31;
    heights[layer] = index === 0 ? 1 : density(end);
  }
}
