import type { Metadata } from '@grpc/grpc-js';

/**
 * Metadata whose only `baggage` entry is this value, or without any; the caller's own is left as it
 * is.
 */
export function replaceBaggage(metadata: Metadata, value: string | undefined): Metadata {
  const present = metadata.get('baggage');
  if (value ? present.length === 1 && present[0] === value : present.length === 0) return metadata;
  const copy = metadata.clone();
  if (value) copy.set('baggage', value);
  else copy.remove('baggage');
  return copy;
}
