import { cutText } from './cut-text.ts';

/** The value of an attribute. OTLP's maps and bytes are not read, and such attributes left out. */
export type AttributeValue = string | number | boolean | readonly AttributeValue[];

/** Attributes by key: a map, since clients choose the keys, and `__proto__` is a possible one. */
export type Attributes = ReadonlyMap<string, AttributeValue>;

/** The producer of a signal. All points and spans of one scope of an export share one object. */
export interface Source {
  /** The resource's `service.name`, or `unknown_service`. */
  readonly service: string;
  /**
   * The resource's `service.instance.id`; undefined if the exporter sets none. Two instances
   * without one are told apart by their other attributes, e.g. `host.name` and `process.pid`.
   */
  readonly instance: string | undefined;
  readonly resource: Attributes;
  /** The name of the instrumentation scope. */
  readonly scope: string;
}

/** Names of services and instances are kept in many places; longer ones are cut. */
const maxName = 200;

/** The source of a resource and scope. */
export function sourceOf(resource: Attributes, scope: string): Source {
  const instance = resource.get('service.instance.id');
  return {
    service: cutText(String(resource.get('service.name') ?? 'unknown_service'), maxName),
    instance: instance === undefined ? undefined : cutText(String(instance), maxName),
    resource,
    scope,
  };
}
