import { checkOptions } from '../check-options.ts';
import type { KeyTable } from '../codec/key-table.ts';
import type { Logger } from '../report.ts';
import { checkKeys, tableOf } from './ingress.ts';

/**
 * A destination, as egress policies name it: `http://orders:8080`, `https://*.shop.internal`,
 * `grpc://payments:50051`, `kafka:payments`.
 */
export type OriginPattern = string;

/**
 * The baggage that may leave: the destinations that get some, and the keys that each may see. Any
 * other destination gets no baggage.
 */
export interface EgressPolicy {
  /**
   * An empty array means that a destination gets no baggage; calls to a destination that is missing
   * here are logged once.
   */
  readonly to: Readonly<Record<OriginPattern, readonly string[]>>;
  /**
   * An HTTP header that repeats the lane for a mesh that routes by it, e.g. `x-lane`, to
   * destinations that may see the lane. It replaces one that the request has. HTTP clients only.
   * Default: none.
   */
  readonly laneHeader?: string;
  /**
   * Gets one message for each way in which a request loses its lane, with the remedy. Default:
   * OpenTelemetry's `diag`.
   */
  readonly logger?: Logger;
}

/**
 * The keys that a destination may see; undefined for a destination that the policy does not name.
 */
export function allowedKeys(policy: EgressPolicy, destination: string): AllowedKeys | undefined {
  if (policy === last.policy && destination === last.destination) return last.keys;
  const { exact, wildcards } = compiledPolicies.get(policy) ?? compile(policy);
  const keys = exact.get(destination) ?? wildcards.find(({ pattern }) => pattern.test(destination))?.keys;
  last = { policy, destination, keys };
  return keys;
}

/** The keys that a destination may see. */
export class AllowedKeys {
  readonly #keys: ReadonlySet<string>;
  readonly #views = new Map<string, KeysOfLane>();
  #lastView: KeysOfLane | undefined;

  constructor(keys: readonly string[]) {
    this.#keys = new Set(keys);
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  /** These keys for a request whose lane has this key: with the pins, if they name the lane. */
  of(laneKey: string): KeysOfLane {
    if (this.#lastView?.laneKey === laneKey) return this.#lastView;
    let view = this.#views.get(laneKey);
    if (view === undefined) {
      view = { laneKey, hasLane: this.#keys.has(laneKey), table: tableOf(this.#keys, laneKey) };
      this.#views.set(laneKey, view);
    }
    this.#lastView = view;
    return view;
  }
}

/** The keys that a destination may see of a request whose lane has this key. */
interface KeysOfLane {
  readonly laneKey: string;
  readonly hasLane: boolean;
  readonly table: KeyTable;
}

const example = "{ to: { 'http://orders:8080': ['lane'] } }";
const mostKnown = 100;
const known = new Set<EgressPolicy>();

/** The egress policies of this process's adapters: the first hundred of them. */
export function knownPolicies(): ReadonlySet<EgressPolicy> {
  return known;
}

/**
 * Checks a policy when an adapter is made, so that a mistake is reported at once.
 * @throws {TypeError} with the mistake and an example.
 */
export function checkEgress(policy: EgressPolicy | undefined): void {
  if (policy?.to === undefined) {
    throw new TypeError(`egress.to is missing: name the destinations that get baggage, e.g. ${example}`);
  }
  checkOptions('egress', policy, { to: 'object', laneHeader: 'string?', logger: 'object?' }, example);
  for (const [pattern, keys] of Object.entries(policy.to)) {
    checkPattern(pattern);
    const name = `egress.to[${JSON.stringify(pattern)}]`;
    if (!Array.isArray(keys)) throw new TypeError(`${name} must be an array of baggage keys, e.g. ["lane"]`);
    checkKeys(name, keys);
  }
  compile(policy);
  if (known.size < mostKnown) known.add(policy);
}

const destinationPattern = /^(?:(https?|grpc):\/\/([^\s/?#@]+?)(?::(\d+|\*))?\/?|kafka:\S+)$/i;

function checkPattern(pattern: string): void {
  const [isDestination, scheme, host = '', port = ''] = destinationPattern.exec(pattern) ?? [];
  if (isDestination && (scheme === undefined || isHost(host, port))) return;
  const origin = /^(?:https?|grpc):\/\/(?:[^\s/?#@]*@)?[^\s/?#@]+/i.exec(pattern)?.[0];
  throw new TypeError(
    origin === undefined || isDestination
      ? `egress.to names ${JSON.stringify(pattern)}, which is not a destination: write http://host:port, https://host, grpc://host:port or kafka:topic`
      : `egress.to names ${JSON.stringify(pattern)}, but a policy covers whole origins, not paths or users: write "${origin.replace(/\/\/.*@/, '//')}"`,
  );
}

interface CompiledPolicy {
  readonly exact: ReadonlyMap<string, AllowedKeys>;
  readonly wildcards: ReadonlyArray<{ readonly pattern: RegExp; readonly keys: AllowedKeys }>;
}

const compiledPolicies = new WeakMap<EgressPolicy, CompiledPolicy>();
/** The last destination: to compare it costs less than to look it up. */
let last: {
  readonly policy?: EgressPolicy;
  readonly destination?: string;
  readonly keys?: AllowedKeys | undefined;
} = {};

function compile(policy: EgressPolicy): CompiledPolicy {
  const entries = Object.entries(policy.to).map(
    ([pattern, keys]) => [normalise(pattern), new AllowedKeys(keys)] as const,
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

const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443' };

/** Whether a host with or without stars, and a port, can be those of a URL. */
function isHost(host: string, port: string): boolean {
  const end = `:${port === '*' ? '' : port}`;
  // A star may stand for letters, or for a number of an IPv4 address.
  return ['x', '0'].some((part) => URL.canParse(`http://${host.replaceAll('*', part)}${end}`));
}

/** A host name in lower case and ASCII, as adapters name it; its stars stay. */
function normaliseHost(host: string): string {
  const url = `http://${host.replaceAll('*', placeholder)}`;
  return URL.canParse(url) ? new URL(url).hostname.replaceAll(placeholder, '*') : host.toLowerCase();
}

/** Replaces a star, which an international name can't contain. */
const placeholder = '0star0';

/**
 * An origin as adapters name it: scheme and host in lower case, no default port, no slash at the
 * end.
 */
function normalise(pattern: string): string {
  const [, scheme, host, port] = destinationPattern.exec(pattern) ?? [];
  if (scheme === undefined || host === undefined) return pattern;
  const lower = scheme.toLowerCase();
  const number = port === '*' ? port : port && String(Number(port));
  const isDefault = number === undefined || number === defaultPorts[lower];
  return `${lower}://${lower === 'grpc' ? host : normaliseHost(host)}${isDefault ? '' : `:${number}`}`;
}

/**
 * A star stands for part of one label of a host name, or of a topic: it crosses no dot, no slash
 * and no colon.
 */
function toRegExp(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '[^./:]*')}$`);
}
