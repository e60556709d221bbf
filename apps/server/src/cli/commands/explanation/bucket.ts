import type { ExplainedBucket } from '@graylane/flags';
import { valueText } from './expression.ts';

/** The width of the drawing, in characters. */
const width = 50;
const maxRanges = 20;

/** Draws the ranges of `fractional` one below the other, and where the subject falls. */
export function bucketLines({
  hash,
  key,
  keyFrom,
  position,
  totalWeight,
  ranges,
}: ExplainedBucket): readonly string[] {
  const source = keyFrom === 'targetingKey' ? "the flag's key and targetingKey" : 'the first operand';
  if (totalWeight === undefined)
    return ['no buckets: a weight is not an integer, or the weights are 0 or too large together'];
  const lines =
    position === undefined
      ? [`no bucket key: ${source} must be ${hash === 'v3' ? 'there' : 'a string'}`]
      : [`${percent(position)} of 100: hash ${hash} of ${valueText(key)}, from ${source}`];
  const names = ranges.slice(0, maxRanges).map(({ variant }) => valueText(variant));
  const longest = Math.max(...names.map(({ length }) => length));
  for (const [index, { from, to, taken }] of ranges.slice(0, maxRanges).entries()) {
    const name = (names[index] ?? '').padEnd(longest);
    const share = `${percent(from).padStart(6)} to ${percent(to).padStart(6)}`;
    lines.push(`${name}  ${share}  |${bar(from, to, taken ? position : undefined)}|`);
  }
  if (ranges.length > maxRanges) lines.push(`and ${ranges.length - maxRanges} ranges more`);
  return lines;
}

/** A bar from one percentage to another, with a mark at the position. */
function bar(from: number, to: number, position: number | undefined): string {
  const cells = Array.from({ length: width }, (_, cell): string => {
    const middle = ((cell + 0.5) / width) * 100;
    return middle >= from && middle < to ? '-' : ' ';
  });
  if (position !== undefined) cells[Math.min(width - 1, Math.floor((position / 100) * width))] = '◆';
  return cells.join('');
}

function percent(share: number): string {
  return share.toFixed(2);
}
