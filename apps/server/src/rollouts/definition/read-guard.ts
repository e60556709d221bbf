import type { Breaker } from '@graylane/rollout';
import type { Guard } from './definition.ts';
import { defined, isWhole, type Faults } from './faults.ts';
import { readSlis } from './read-slis.ts';
import { prometheusAddress } from './prometheus-address.ts';
import type { EvidenceSource } from './sli.ts';

const known = [
  'alpha',
  'margin',
  'promoteMargin',
  'mode',
  'lookSeconds',
  'minRequests',
  'breaker',
  'sampleRatio',
  'slis',
  'slisFrom',
  'source',
];

/**
 * Reads `guard` of a request for a rollout.
 * @param prometheus the addresses of the Prometheus servers that the settings allow.
 */
export function readGuard(sent: unknown, faults: Faults, prometheus: readonly string[]): Guard {
  const members = faults.members(sent, '$.guard', known);
  const { alpha, margin, promoteMargin, mode, lookSeconds, minRequests, sampleRatio } = members;
  const slis = readSlis(members, faults);
  return defined({
    alpha: faults.number(
      alpha,
      '$.guard.alpha',
      (value) => value > 0 && value < 0.5,
      'use a number above 0 and below .5, e.g. .05',
    ),
    margin: faults.number(
      margin,
      '$.guard.margin',
      (value) => value >= 1,
      'use an odds ratio of at least 1, e.g. 1.1',
    ),
    promoteMargin: faults.number(
      promoteMargin,
      '$.guard.promoteMargin',
      (value) => value > 1,
      'use an odds ratio above 1, e.g. 1.5',
    ),
    mode: faults.word(mode, '$.guard.mode', ['report', 'pause', 'act'] as const),
    lookSeconds:
      faults.number(
        lookSeconds,
        '$.guard.lookSeconds',
        (value) => value >= 1 && value <= 3600,
        'use 1 to 3600 seconds, e.g. 15',
      ) ?? 15,
    minRequests: faults.number(minRequests, '$.guard.minRequests', isWhole, 'use a count, e.g. 100'),
    breaker: readBreakers(
      members['breaker'],
      slis.map(({ name }) => name),
      faults,
    ),
    sampleRatio: faults.word(sampleRatio, '$.guard.sampleRatio', ['hold', 'pause', 'rollback'] as const),
    slis,
    source: readSource(members['source'], faults, prometheus),
  });
}

const ofOtlp = 'use "otlp" (signals that are sent to this server)';

/** Only addresses of the settings: a rollout must not let the server call any other address. */
function readSource(sent: unknown, faults: Faults, allowed: readonly string[]): EvidenceSource {
  if (sent === undefined || sent === 'otlp') return 'otlp';
  const { prometheus } = faults.members(sent, '$.guard.source', ['prometheus']);
  const address = typeof prometheus === 'string' ? prometheusAddress(prometheus) : undefined;
  if (address !== undefined && allowed.includes(address)) return { prometheus: address };
  const choices = allowed.map((one) => JSON.stringify({ prometheus: one })).join(', ');
  const remedy =
    choices === ''
      ? `${ofOtlp}, or let the server read a Prometheus: GRAYLANE_PROMETHEUS=http://prometheus:9090`
      : `${ofOtlp}, or ${choices}; another one needs to be in GRAYLANE_PROMETHEUS of the server`;
  faults.add('$.guard.source', address === undefined ? sent : { prometheus: address }, remedy);
  return 'otlp';
}

function readBreakers(
  sent: unknown,
  names: readonly string[],
  faults: Faults,
): Readonly<Record<string, Breaker>> | undefined {
  if (sent === undefined) return undefined;
  const members = faults.members(sent, '$.guard.breaker', names);
  return Object.fromEntries(
    Object.entries(members).map(([name, breaker]) => [
      name,
      readBreaker(breaker, `$.guard.breaker[${JSON.stringify(name)}]`, faults),
    ]),
  );
}

function readBreaker(sent: unknown, path: string, faults: Faults): Breaker {
  const { badRatio, slowerThan, share } = faults.members(sent, path, ['badRatio', 'slowerThan', 'share']);
  const isShare = (value: number): boolean => value > 0 && value <= 1;
  if (badRatio === undefined && slowerThan === undefined) {
    faults.add(path, sent, 'give badRatio, e.g. .1, or slowerThan in seconds with share, e.g. 2 and .5');
  }
  return defined({
    badRatio: faults.number(badRatio, `${path}.badRatio`, isShare, 'use a share of requests, e.g. .1'),
    slowerThan: faults.number(slowerThan, `${path}.slowerThan`, (value) => value > 0, 'use seconds, e.g. 2'),
    share: faults.number(share, `${path}.share`, isShare, 'use a share of requests, e.g. .5'),
  });
}
