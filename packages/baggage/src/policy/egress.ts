/** A destination, as egress policies name it: `http://orders:8080`, `https://*.shop.internal`, `grpc://payments:50051`, `kafka:payments`. */
export type OriginPattern = string;

/** What may leave, and to whom: the destinations that get something, and the keys that each may see. Anything else gets nothing. */
export interface EgressPolicy {
  readonly to: Readonly<Record<OriginPattern, readonly string[]>>;
  /**
   * An HTTP header that repeats the lane for a mesh that routes by it, e.g. `x-lane`, to destinations that may see the lane. One that
   * was there is replaced. HTTP clients only. Default: none.
   */
  readonly laneHeader?: string;
}

/** The keys that a destination may see; undefined for one that the policy does not name. */
export function allowedKeys(policy: EgressPolicy, destination: string): ReadonlySet<string> | undefined {
  const { exact, wildcards } = compiledPolicies.get(policy) ?? compile(policy);
  return exact.get(destination) ?? wildcards.find(({ pattern }) => pattern.test(destination))?.keys;
}

/** What adapters call when they are made, so that a policy which can't work is said at once. @throws {TypeError} saying what is wrong. */
export function checkEgress(policy: EgressPolicy | undefined): void {
  const example = "e.g. { to: { 'http://orders:8080': ['lane'] } }";
  if (typeof policy?.to !== 'object' || policy.to === null) {
    throw new TypeError(`egress.to is missing: name the destinations that get something, ${example}`);
  }
  for (const [pattern, keys] of Object.entries(policy.to)) {
    if (!destinationPattern.test(pattern)) {
      throw new TypeError(
        `egress.to names ${JSON.stringify(pattern)}, which is no destination: write http://host:port, https://host, grpc://host:port or kafka:topic`,
      );
    }
    if (!Array.isArray(keys)) {
      throw new TypeError(`egress.to[${JSON.stringify(pattern)}] is no list: list the keys that it may see`);
    }
  }
  compile(policy);
}

const destinationPattern = /^(?:(?:https?|grpc):\/\/[^\s/]|kafka:\S)/i;

interface CompiledPolicy {
  readonly exact: ReadonlyMap<string, ReadonlySet<string>>;
  readonly wildcards: ReadonlyArray<{ readonly pattern: RegExp; readonly keys: ReadonlySet<string> }>;
}

const compiledPolicies = new WeakMap<EgressPolicy, CompiledPolicy>();

function compile(policy: EgressPolicy): CompiledPolicy {
  const entries = Object.entries(policy.to).map(
    ([pattern, keys]) => [normalise(pattern), new Set(keys)] as const,
  );
  const compiled = {
    exact: new Map(entries.filter(([pattern]) => !pattern.includes('*'))),
    wildcards: entries
      .filter(([pattern]) => pattern.includes('*'))
      .map(([pattern, keys]) => ({ pattern: toRegExp(pattern), keys })),
  };
  compiledPolicies.set(policy, compiled);
  return compiled;
}

/** An HTTP origin as `URL` writes it: no default port, no path, the host in lower case. */
function normalise(pattern: string): string {
  if (!/^https?:\/\//i.test(pattern) || pattern.includes('*')) return pattern.replace(/\/$/, '');
  return URL.canParse(pattern) ? new URL(pattern).origin : pattern;
}

/** A star stands for part of one label of a host name, or of a topic: it crosses no dot, no slash and no colon. */
function toRegExp(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '[^./:]*')}$`);
}
