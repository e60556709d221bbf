import { Seal } from '../lane/signer.ts';
import type { SigningKey } from '../lane/signing-key.ts';

/** What may come in where trust ends: per app, per route, per port. */
export type IngressPolicy = StripPolicy | AcceptPolicy | VerifyPolicy;

/** Nothing comes in: the edge. */
export interface StripPolicy {
  readonly mode: 'strip';
  /** The key of the member that holds the lane. Default: `lane`. */
  readonly laneKey?: string;
}

/** These members come in, from callers that are trusted: inside the mesh. */
export interface AcceptPolicy extends LanePolicy {
  readonly mode: 'accept';
  readonly keys: readonly string[];
  /**
   * An HTTP header of a mesh that names the lane where the baggage does not, e.g. `x-lane`. The keys must allow the lane.
   * Default: none is looked at.
   */
  readonly laneHeader?: string;
}

/** A request comes in if a service of ours has signed its lane; otherwise it runs in baseline, and nothing comes in. */
export interface VerifyPolicy extends LanePolicy {
  readonly mode: 'verify';
  /** All of these verify, so that one can take over from another. The first one signs the pins that this service adds. */
  readonly signingKeys: readonly SigningKey[];
  /** Whom the signature must be for; the name that the signing edge uses. */
  readonly audience: string;
  /**
   * What else comes in with a request whose signature is valid. The signature does not cover these: whoever can replay one valid mark
   * can write anything into them. Default: nothing. Pins need not be named, and come in where they are signed.
   */
  readonly keys?: readonly string[];
}

/** What a lane must be to come in. */
export interface LanePolicy {
  /** The key of the member that holds the lane. Default: `lane`. */
  readonly laneKey?: string;
  /** The lanes there are: a request in another one runs in baseline. A function may ask a kill switch. Default: any lane. */
  readonly lanes?: KnownLanes;
  /**
   * A lane that has come through so many hops is in a loop, and is taken off. Where this is set, a lane that does not count its hops
   * begins to: its header then changes at every hop. Default: 32, for lanes that count; those that expire or are signed do.
   */
  readonly maxHops?: number;
}

/** Lanes, or who knows of them. */
export type KnownLanes = readonly string[] | ((lane: string) => boolean);

const seals = new WeakMap<VerifyPolicy, Seal>();

/** The seal of a policy that verifies. @throws {TypeError} where its keys are no good. */
export function sealOf(policy: VerifyPolicy): Seal {
  let seal = seals.get(policy);
  if (seal === undefined) {
    seal = new Seal(policy.signingKeys ?? [], policy.audience);
    seals.set(policy, seal);
  }
  return seal;
}

/** What adapters call when they are made, so that a policy which can't work is said at once. @throws {TypeError} saying what is wrong. */
export function checkIngress(policy: IngressPolicy): void {
  const { mode, keys, maxHops } = policy as Partial<AcceptPolicy | VerifyPolicy>;
  if (!modes.has(mode)) {
    throw new TypeError(`ingress.mode is ${JSON.stringify(mode)}: use "strip", "accept" or "verify"`);
  }
  if (keys === undefined ? mode === 'accept' : !Array.isArray(keys)) {
    throw new TypeError(
      `ingress.keys is ${JSON.stringify(keys)}: list the members that may come in, e.g. ["lane"]`,
    );
  }
  if (maxHops !== undefined && !(maxHops >= 0)) {
    throw new TypeError(`ingress.maxHops is ${maxHops}: give it a number of hops, e.g. 16`);
  }
  if (policy.mode === 'verify') sealOf(policy);
}

const modes: ReadonlySet<unknown> = new Set(['strip', 'accept', 'verify']);

/** Whether a lane is one of those there are. One that can't be asked about is not. */
export function isKnown(lane: string, lanes: KnownLanes | undefined): boolean {
  if (typeof lanes !== 'function') return lanes === undefined || lanes.includes(lane);
  try {
    return lanes(lane);
  } catch {
    // A kill switch that fails leaves the request in baseline, where it is served; the lane is counted as unknown.
    return false;
  }
}
