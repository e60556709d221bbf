/** A segment of a path, decoded; as it is if it can't be decoded, and its route then refuses it. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
