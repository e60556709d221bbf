/** The declaration in a tag. */
export interface SliTag {
  readonly name: string;
  readonly kind: 'ratio' | 'latency';
  readonly objective: number;
  readonly thresholdSeconds?: number;
}

const pattern = /@sli\s+([\w.-]+)(?:\s+latency\s+(\d+(?:\.\d+)?)(ms|s))?(?:\s+(\d+(?:\.\d+)?)%)?\s*(?:\*|$)/m;

/**
 * Reads `@sli NAME [latency DURATION] [OBJECTIVE%]` in a comment, e.g. `@sli search latency 300ms
 * 99.5%`; undefined without such a tag, and `malformed` for one that can't be parsed.
 */
export function readSliTag(comment: string): SliTag | 'malformed' | undefined {
  if (!/@sli\b/.test(comment)) return undefined;
  const [, name, duration, unit, percent] = pattern.exec(comment) ?? [];
  if (name === undefined) return 'malformed';
  const objective = percent === undefined ? 0.99 : Number((Number(percent) / 100).toFixed(6));
  if (!(objective > 0 && objective < 1)) return 'malformed';
  if (duration === undefined) return { name, kind: 'ratio', objective };
  return {
    name,
    kind: 'latency',
    objective,
    thresholdSeconds: Number(duration) / (unit === 'ms' ? 1000 : 1),
  };
}
