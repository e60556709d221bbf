import type { Breaker } from '@graylane/rollout';
import type { Guard } from './definition.ts';
import { defined, isWhole, type Faults } from './faults.ts';
import { readSlis } from './read-slis.ts';
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

/** Reads `guard` of a request for a rollout. */
export function readGuard(sent: unknown, faults: Faults): Guard {
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
    source: readSource(members['source'], faults),
  });
}

const ofSource = 'use "otlp" (signals that are sent to this server), or { "prometheus": "http://…" }';

function readSource(sent: unknown, faults: Faults): EvidenceSource {
  if (sent === undefined || sent === 'otlp') return 'otlp';
  const { prometheus } = faults.members(sent, '$.guard.source', ['prometheus']);
  const url = typeof prometheus === 'string' && URL.canParse(prometheus) ? new URL(prometheus) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return { prometheus: url.href };
  faults.add('$.guard.source', sent, ofSource);
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
