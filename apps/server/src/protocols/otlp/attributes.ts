import type { AttributeValue, Attributes } from '../../signals/source.ts';
import type { AnyValue, KeyValue } from './gen/graylane/otlp/v1/common_pb.ts';

/** Decodes attributes. Values that are maps, bytes or missing are left out. */
export function attributesOf(pairs: readonly KeyValue[]): Attributes {
  const attributes = new Map<string, AttributeValue>();
  for (const { key, value } of pairs) {
    const decoded = valueOf(value);
    if (decoded !== undefined) attributes.set(key, decoded);
  }
  return attributes;
}

function valueOf(any: AnyValue | undefined): AttributeValue | undefined {
  const value = any?.value;
  if (value?.case === 'arrayValue') {
    return value.value.values.map(valueOf).filter((one) => one !== undefined);
  }
  return value?.case === 'intValue' ? Number(value.value) : value?.value;
}
