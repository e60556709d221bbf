import type { ExplainedBucket } from '@graylane/flags';
import type { JSX } from 'preact';

/** The ranges of a split, and where the hash of the context falls. */
export function Bucket({ bucket }: { readonly bucket: ExplainedBucket }): JSX.Element {
  const { ranges, position, key, keyFrom, hash } = bucket;
  const taken = ranges.find((range) => range.taken);
  const where =
    position === undefined
      ? 'there is no bucket key, so no range is taken'
      : `falls at ${position.toFixed(2)} of 100, in ${String(taken?.variant ?? 'no range')}`;
  return (
    <figure class="bucket">
      <svg viewBox="0 0 100 12" preserveAspectRatio="none" role="img" aria-label={`The bucket ${where}`}>
        {ranges.map(({ from, to, taken: isTaken }, index) => (
          <rect
            key={index}
            x={from}
            y={2}
            width={Math.max(0, to - from)}
            height={8}
            class={isTaken ? 'range taken' : 'range'}
          />
        ))}
        {position !== undefined && (
          <rect class="at" x={Math.min(99.4, position)} y={0} width={0.6} height={12} />
        )}
      </svg>
      <figcaption class="small soft">
        {key === undefined
          ? ''
          : `${JSON.stringify(key)} (${keyFrom === 'operand' ? 'by the rule' : 'by targetingKey'}) `}
        {where}; hash {hash}.{' '}
        {ranges.map(({ variant, from, to }, index) => (
          <span key={index} class="number">
            {String(variant)} {from.toFixed(1)}–{to.toFixed(1)}{' '}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
