import { context, type Context } from '@opentelemetry/api';
import { LazyBaggage } from '../codec/lazy-baggage.ts';
import { printable } from '../codec/log-safe.ts';
import type { RequestCell } from '../request/cell.ts';
import { getCell } from '../request/context.ts';
import type { AdmissionDecision, Decision } from '../request/decision.ts';
import { AllowedKeys, knownPolicies } from './egress.ts';

/**
 * Why a request is in its lane, and what its calls carry. It holds keys, never values of other
 * members.
 */
export interface RequestExplanation {
  readonly lane: string;
  /** A sentence: the rule, the header or the code that decided. */
  readonly because: string;
  /**
   * The keys that the ingress policy admitted and refused; undefined if no policy judged the
   * request.
   */
  readonly ingress:
    | {
        readonly mode: 'strip' | 'accept' | 'verify';
        readonly admitted: readonly string[];
        readonly refused: readonly string[];
      }
    | undefined;
  /** The keys that each destination of this process's egress policies would get now. */
  readonly egress: ReadonlyArray<{ readonly destination: string; readonly keys: readonly string[] }>;
}

/**
 * Explains the active request, or that of an OTel context: for debugging, since it reads everything
 * anew. Never throws.
 */
export function explainRequest(otelContext: Context = context.active()): RequestExplanation {
  const cell = getCell(otelContext);
  if (cell === undefined) {
    return {
      lane: 'baseline',
      because: 'no middleware, adapter or propagator of graylane has seen this request',
      ingress: undefined,
      egress: [],
    };
  }
  const admission = admissionOf(cell.decision);
  return {
    lane: cell.lane,
    because: reasonOf(cell.decision, cell),
    ingress: admission && ingressOf(admission, cell),
    egress: egressOf(cell),
  };
}

const mostCharacters = 2000;

/**
 * An explanation on one line of visible ASCII and spaces, at most 2000 characters long, e.g. for a
 * response header.
 */
export function formatExplanation({ lane, because, ingress, egress }: RequestExplanation): string {
  const parts = [`${lane}: ${because}`];
  if (ingress !== undefined) {
    parts.push(
      `ingress ${ingress.mode}: admitted ${listed(ingress.admitted)}, refused ${listed(ingress.refused)}`,
    );
  }
  for (const { destination, keys } of egress) parts.push(`to ${destination}: ${listed(keys)}`);
  const line = parts.join('; ').replaceAll(/[^\x20-\x7e]/g, '?');
  return line.length > mostCharacters ? `${line.slice(0, mostCharacters - 3)}...` : line;
}

function listed(keys: readonly string[]): string {
  return keys.length === 0 ? 'nothing' : keys.join(' ');
}

function admissionOf(decision: Decision | undefined): AdmissionDecision | undefined {
  if (decision?.by === 'ingress') return decision;
  return decision !== undefined && 'admission' in decision ? admissionOf(decision.admission) : undefined;
}

function ingressOf({ mode, header }: AdmissionDecision, cell: RequestCell): RequestExplanation['ingress'] {
  const offered = [...LazyBaggage.read(header).members.keys()];
  const admitted = mode === 'strip' ? [] : offered.filter((key) => cell.baggage.member(key) !== undefined);
  return { mode, admitted, refused: offered.filter((key) => !admitted.includes(key)) };
}

function egressOf(cell: RequestCell): RequestExplanation['egress'] {
  const keys = [...cell.outgoing.members.keys()];
  return [...knownPolicies()].flatMap(({ to }) =>
    Object.entries(to).map(([destination, allowed]) => {
      const { table } = new AllowedKeys(allowed).of(cell.laneKey);
      return { destination, keys: keys.filter((key) => table.has(key)) };
    }),
  );
}

function reasonOf(decision: Decision | undefined, cell: RequestCell): string {
  switch (decision?.by) {
    case undefined:
      return 'the request came without baggage, and no rule or code dyed it';
    case 'ingress':
      return admissionReason(decision, cell);
    case 'rule':
      return decision.fault === undefined
        ? `the dye rule "${decision.flag}" decided${detail('variant', decision.variant)}${detail('reason', decision.reason)}`
        : printable(decision.fault);
    case 'choice':
      return 'the request chose it, as dye.choice allows';
    case 'job':
      return 'runInLane started it';
    default:
      return 'code dyed the request cell';
  }
}

function detail(name: string, value: string | undefined): string {
  return value === undefined ? '' : `, ${name} ${printable(value)}`;
}

function admissionReason(
  { mode, refused, alias, header }: AdmissionDecision,
  { laneKey, baggage }: RequestCell,
): string {
  if (mode === 'strip') return 'the ingress policy strips all baggage';
  if (refused !== undefined) return `the ingress policy refused the mark or the pins: ${refused}`;
  if (alias !== undefined) return "a mesh's own header named it, and ingress.laneHeader accepts that";
  const isMarked = LazyBaggage.read(header).member(laneKey) !== undefined;
  if (isMarked && baggage.member(laneKey) === undefined)
    return `ingress.keys does not have "${laneKey}", so the ingress policy removed the lane`;
  return isMarked
    ? `the baggage member "${laneKey}" named it, and the ingress policy ${mode === 'verify' ? 'verified' : 'accepted'} it`
    : `the baggage has no member "${laneKey}"`;
}
