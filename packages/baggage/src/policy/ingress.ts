import { checkOptions, type OptionTypes } from '../check-options.ts';
import { isToken } from '../codec/grammar.ts';
import { KeyTable } from '../codec/key-table.ts';
import { checkLaneName, comparedWith, defaultLaneKey, ownKeys, pinsKey, pinsSealKey } from '../lane/names.ts';
import { Signer } from '../lane/signer.ts';
import type { SigningKey } from '../lane/signing-key.ts';
import type { Logger } from '../report.ts';

/** The baggage that is admitted at a trust boundary: per app, per route, per port. */
export type IngressPolicy = StripPolicy | AcceptPolicy | VerifyPolicy;

/** Admits nothing: for the edge. */
export interface StripPolicy extends LoggingPolicy {
  readonly mode: 'strip';
  /** The key of the member that holds the lane. Default: `lane`. */
  readonly laneKey?: string;
}

/** Admits the named members from trusted callers: for services inside the mesh. */
export interface AcceptPolicy extends LanePolicy {
  readonly mode: 'accept';
  /**
   * The members to admit. Without the lane's key, every request runs in baseline. The lane brings
   * its seal and the pins with it.
   */
  readonly keys: readonly string[];
  /**
   * An HTTP header of a mesh that names the lane where the baggage does not, e.g. `x-lane`. The
   * keys must allow the lane. Default: none is read.
   */
  readonly laneHeader?: string;
}

/**
 * Admits the baggage of a request whose lane is signed by one of these keys; any other request runs
 * in baseline, and nothing is admitted.
 */
export interface VerifyPolicy extends LanePolicy {
  readonly mode: 'verify';
  /**
   * Each of these verifies, so that one can replace another. The first one signs the pins that this
   * service adds.
   */
  readonly signingKeys: readonly SigningKey[];
  /** The audience that the signature must have: the name that the signing edge uses. */
  readonly audience: string;
  /**
   * Further members of a request whose signature is valid. The signature does not cover them: a
   * caller that can replay one valid mark can write anything into them. Default: none. Pins need
   * not be named; they are signed themselves.
   */
  readonly keys?: readonly string[];
}

/** The lanes that are admitted. */
export interface LanePolicy extends LoggingPolicy {
  /** The key of the member that holds the lane. Default: `lane`. */
  readonly laneKey?: string;
  /**
   * The lanes that exist: a request in another one runs in baseline. A lane includes its
   * `<lane>-control`, and `baseline` always exists. A function may read a kill switch. Default: any
   * lane.
   */
  readonly lanes?: KnownLanes;
  /**
   * A lane that has passed so many services is in a loop, and is removed. If this is set, a lane
   * that does not count its hops begins to: its seal then changes at every hop. Default: 32, for
   * lanes that count; those that expire or are signed do.
   */
  readonly maxHops?: number;
}

/** Where a policy reports. */
export interface LoggingPolicy {
  /**
   * Gets one message for each way in which a request loses its lane, with the remedy. Default:
   * OpenTelemetry's `diag`.
   */
  readonly logger?: Logger;
}

/** The lanes that exist, or a function that returns whether a lane exists. */
export type KnownLanes = readonly string[] | ((lane: string) => boolean);

/** The options of all modes. */
type AnyOptions = Partial<Omit<AcceptPolicy, 'mode'> & Omit<VerifyPolicy, 'mode'>>;

/** A policy, prepared for requests. */
export interface CompiledIngress {
  readonly mode: IngressPolicy['mode'];
  readonly laneKey: string;
  readonly admitsLane: boolean;
  readonly keys: KeyTable;
  readonly lanes: KnownLanes | undefined;
  readonly maxHops: number | undefined;
  /** Set if and only if the policy verifies. */
  readonly signer: Signer | undefined;
  readonly logger: Logger | undefined;
}

const compiledPolicies = new WeakMap<IngressPolicy, CompiledIngress>();
/** Most processes have one policy: to compare it costs less than to look it up. */
let last: readonly [policy: IngressPolicy, compiled: CompiledIngress] | undefined;

/**
 * A policy, prepared for requests. It is checked when it is met first.
 * @throws {TypeError} with what is wrong and an example.
 */
export function compiledIngress(policy: IngressPolicy): CompiledIngress {
  if (last !== undefined && last[0] === policy) return last[1];
  let compiled = compiledPolicies.get(policy);
  if (compiled === undefined) {
    checkOptionsOf(policy);
    compiled = compile(policy);
    compiledPolicies.set(policy, compiled);
  }
  last = [policy, compiled];
  return compiled;
}

function compile(policy: IngressPolicy): CompiledIngress {
  const { mode, laneKey = defaultLaneKey, logger } = policy;
  const { keys = [], lanes, maxHops } = policy as AnyOptions;
  const named = mode === 'verify' ? [laneKey, ...keys] : mode === 'accept' ? keys : [];
  return {
    mode,
    laneKey,
    admitsLane: named.includes(laneKey),
    keys: tableOf(named, laneKey),
    lanes,
    maxHops,
    signer: policy.mode === 'verify' ? new Signer(policy.signingKeys ?? [], policy.audience) : undefined,
    logger,
  };
}

/**
 * The keys that a policy names, with the pins if it names the lane: they are decided for the
 * request in that lane. To a service that may know the lane, pins reveal no more than its rules do,
 * and a caller that may choose the lane may choose more than they can. If every policy had to name
 * the pins, it would be forgotten at some hop, and that hop would decide again, which pins exist to
 * prevent.
 */
export function tableOf(named: Iterable<string>, laneKey: string): KeyTable {
  const keys = new Set(named);
  if (keys.has(laneKey)) return new KeyTable(ownKeys(laneKey), keys);
  return new KeyTable([], keys.has(pinsKey) ? [...keys, pinsSealKey] : keys);
}

const ofAll: OptionTypes = { mode: 'string', laneKey: 'string?', logger: 'object?' };
const ofLanes: OptionTypes = { ...ofAll, lanes: 'any?', maxHops: 'number?' };
const optionTypes: Readonly<Record<IngressPolicy['mode'], OptionTypes>> = {
  strip: ofAll,
  accept: { ...ofLanes, keys: 'array', laneHeader: 'string?' },
  verify: { ...ofLanes, signingKeys: 'array', audience: 'string', keys: 'array?' },
};
const examples: Readonly<Record<IngressPolicy['mode'], string>> = {
  strip: "{ mode: 'strip' }",
  accept: "{ mode: 'accept', keys: ['lane'] }",
  verify: "{ mode: 'verify', signingKeys: [{ id: '2026-11', secret }], audience: 'shop-production' }",
};

/**
 * Checks a policy when an adapter is made, so that a mistake is reported at once.
 * @throws {TypeError} with what is wrong and an example.
 */
export function checkIngress(policy: IngressPolicy): void {
  compiledIngress(policy);
}

function checkOptionsOf(policy: IngressPolicy | undefined): void {
  const { mode } = (policy ?? {}) as Partial<IngressPolicy>;
  if (mode === undefined || !Object.hasOwn(examples, mode)) {
    throw new TypeError(
      `ingress.mode must be "strip", "accept" or "verify", got ${JSON.stringify(mode) ?? 'undefined'}: e.g. ${examples.accept}`,
    );
  }
  checkOptions('ingress', policy, optionTypes[mode], examples[mode]);
  const { laneKey, keys, lanes, maxHops } = policy as AnyOptions;
  checkLaneKey('ingress.laneKey', laneKey);
  checkKeys('ingress.keys', keys);
  checkLanes('ingress.lanes', lanes);
  if (maxHops !== undefined && maxHops < 0) {
    throw new TypeError(`ingress.maxHops must not be negative, got ${maxHops}: e.g. 16`);
  }
}

/** @throws {TypeError} if a member of this key can't hold the lane. */
function checkLaneKey(option: string, laneKey: string | undefined): void {
  if (laneKey === undefined) return;
  if (!isToken(laneKey) || laneKey === pinsKey || laneKey === pinsSealKey) {
    throw new TypeError(
      `${option} is ${JSON.stringify(laneKey)}: use a token (RFC 9110) other than "${pinsKey}" and "${pinsSealKey}", e.g. "lane"`,
    );
  }
}

/** @throws {TypeError} if one of them can't be the key of a baggage member. */
export function checkKeys(option: string, keys: readonly unknown[] | undefined): void {
  const wrong = keys?.find((key) => typeof key !== 'string' || !isToken(key));
  if (wrong === undefined && !keys?.includes(undefined)) return;
  throw new TypeError(
    `${option} must be an array of baggage keys, got ${JSON.stringify(wrong)} in it: e.g. ["lane"]`,
  );
}

/** @throws {TypeError} if a lane has a name that no lane can have, or is reserved. */
export function checkLanes(option: string, lanes: unknown): void {
  if (lanes === undefined || typeof lanes === 'function') return;
  if (!Array.isArray(lanes)) {
    throw new TypeError(
      `${option} must be an array of lanes or a function, got a ${typeof lanes}: e.g. ["gray"]`,
    );
  }
  for (const lane of lanes) checkLaneName(option, lane);
}

/** Whether a lane is one of those that exist. Beside a lane, its control exists. */
export function isKnown(lane: string, lanes: KnownLanes | undefined): boolean {
  if (lanes === undefined || isListed(lane, lanes)) return true;
  const compared = comparedWith(lane);
  return compared !== undefined && isListed(compared, lanes);
}

function isListed(lane: string, lanes: KnownLanes): boolean {
  if (typeof lanes !== 'function') return lanes.includes(lane);
  try {
    return lanes(lane);
  } catch {
    // A kill switch that fails leaves the request in baseline, where it is served; the lane is
    // counted as unknown.
    return false;
  }
}
