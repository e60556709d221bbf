import { logLikelihoods, type Table } from './conditional-odds.ts';
import { logAdd } from './log-space.ts';
import { sharpness, signFactors } from './sign-bets.ts';

/**
 * Alternatives of the fast test, as multiples of the odds ratio that the null hypothesis allows.
 */
const worse: readonly number[] = [1.25, 1.5, 2, 3, 5];
/** Alternatives of the reverse test, as multiples of the odds ratio that promotion must exclude. */
const better: readonly number[] = [1 / 1.25, 1 / 1.5, 1 / 2];

/** How many bets a boundary has in each test. */
export const bets: Readonly<Record<'fast' | 'robust' | 'reverse', number>> = {
  fast: worse.length,
  robust: sharpness.length,
  reverse: better.length,
};

/**
 * Logarithms of the e-processes of one SLI, boundary by boundary. `fast` and `robust` are mixtures
 * over the look at which a defect begins: M_t = L_t (M_(t-1) + w_t), where the weights w_t of the
 * starts add up to 1. So evidence that begins late is not outweighed by healthy looks before it.
 * `reverse` are plain products, since a promotion must count every look. `fast` and `reverse` may
 * both be empty: then only the robust test is made, as in long simulations of rollbacks.
 */
export interface Processes {
  looks: number;
  fast: number[];
  robust: number[];
  reverse: number[];
}

/** The bet of one look at one boundary. */
export interface Bet {
  readonly table: Table;
  /** The odds ratio that the fast test tolerates. */
  readonly odds: number;
  /**
   * The difference of shares that the robust test tolerates, and the deviation of that difference.
   */
  readonly difference: number;
  readonly deviation: number;
  /** The odds ratio that the reverse test must exclude. */
  readonly excluded: number;
}

/**
 * Before the first look M is 0, whose logarithm is not finite and so not JSON: e^-1000 is as good.
 */
const none = -1000;

export function newProcesses(boundaries: number): Processes {
  const all = (count: number, log: number): number[] => Array.from({ length: boundaries * count }, () => log);
  return {
    looks: 0,
    fast: all(bets.fast, none),
    robust: all(bets.robust, none),
    reverse: all(bets.reverse, 0),
  };
}

export function copyProcesses(from: Processes): Processes {
  return {
    looks: from.looks,
    fast: from.fast.slice(),
    robust: from.robust.slice(),
    reverse: from.reverse.slice(),
  };
}

/** Adds one look. A boundary without a bet (undefined) keeps its evidence: its factor is 1. */
export function addLook(processes: Processes, betAt: (boundary: number) => Bet | undefined): void {
  const { fast, robust, reverse } = processes;
  const look = (processes.looks += 1);
  const entry = Math.log(startsAfter(look - 1) - startsAfter(look));
  const boundaries = robust.length / sharpness.length;
  const all = fast.length > 0;
  for (let j = 0; j < boundaries; j += 1) {
    const bet = betAt(j);
    if (bet === undefined) robustLogs.fill(0);
    else weighRobust(bet);
    for (let i = 0; i < sharpness.length; i += 1) {
      enter(robust, j * sharpness.length + i, robustLogs[i] as number, entry);
    }
    if (!all) continue;
    if (bet === undefined) for (const logs of [fastLogs, reverseLogs]) logs.fill(0);
    else weighOdds(bet);
    for (let i = 0; i < worse.length; i += 1) enter(fast, j * worse.length + i, fastLogs[i] as number, entry);
    for (let i = 0; i < better.length; i += 1) {
      (reverse[j * better.length + i] as number) += reverseLogs[i] as number;
    }
  }
}

/**
 * ln E of a mixture over bets, boundaries and starts: their mean, the starts still to come
 * included.
 */
export function evidenceOf(logs: readonly number[], looks: number): number {
  if (looks === 0 || logs.length === 0) return 0;
  let top = 0;
  for (const log of logs) if (log > top) top = log;
  let sum = 0;
  for (const log of logs) sum += Math.exp(log - top);
  return top + Math.log(sum / logs.length + Math.exp(-top) * startsAfter(looks));
}

/** ln of the mean of the bets at one boundary. */
export function evidenceAt(logs: readonly number[], boundary: number, count: number): number {
  let top = logs[boundary * count] ?? 0;
  for (let i = 1; i < count; i += 1) top = Math.max(top, logs[boundary * count + i] ?? 0);
  let sum = 0;
  for (let i = 0; i < count; i += 1) sum += Math.exp((logs[boundary * count + i] ?? 0) - top);
  return top + Math.log(sum / count);
}

/**
 * The weight of all starts after a look. It falls so slowly that a start at look 960 has a weight
 * of 1/60,000, not of 1/920,000 as with 1/(t(t+1)), while the first look keeps .41.
 */
function startsAfter(look: number): number {
  return 1 / (1 + Math.log1p(look));
}

function enter(logs: number[], index: number, factor: number, entry: number): void {
  logs[index] = factor + logAdd(logs[index] as number, entry);
}

const odds = new Float64Array(2 + worse.length + better.length);
const likelihoods = new Float64Array(odds.length);
const factors = new Float64Array(sharpness.length);
const fastLogs = new Float64Array(worse.length);
const robustLogs = new Float64Array(sharpness.length);
const reverseLogs = new Float64Array(better.length);

function weighOdds(bet: Bet): void {
  odds[0] = bet.odds;
  for (let i = 0; i < worse.length; i += 1) odds[1 + i] = bet.odds * (worse[i] as number);
  const base = 1 + worse.length;
  odds[base] = bet.excluded;
  for (let i = 0; i < better.length; i += 1) odds[base + 1 + i] = bet.excluded * (better[i] as number);
  logLikelihoods(bet.table, odds, likelihoods);
  const [allowed, excluded] = [likelihoods[0] as number, likelihoods[base] as number];
  for (let i = 0; i < worse.length; i += 1) fastLogs[i] = (likelihoods[1 + i] as number) - allowed;
  for (let i = 0; i < better.length; i += 1) {
    reverseLogs[i] = (likelihoods[base + 1 + i] as number) - excluded;
  }
}

function weighRobust(bet: Bet): void {
  signFactors(bet.table, bet.difference, bet.deviation, factors);
  for (let i = 0; i < sharpness.length; i += 1) robustLogs[i] = Math.log(factors[i] as number);
}
