/**
 * Random numbers from a seed: the same simulation every time (sfc32, normal deviates by the polar
 * method).
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spare: number | undefined;

  constructor(seed: number, stream = 0) {
    this.#a = 0x9e3779b9 ^ seed;
    this.#b = 0x243f6a88 ^ stream;
    this.#c = 0xb7e15162;
    for (let round = 0; round < 20; round += 1) this.uniform();
  }

  /** From 0 to below 1. */
  uniform(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + sum) | 0;
    return (sum >>> 0) / 4294967296;
  }

  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(s)) / s);
      this.#spare = v * factor;
      return u * factor;
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
