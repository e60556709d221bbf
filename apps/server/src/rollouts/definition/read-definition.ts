import type { Step } from '@graylane/rollout';
import { RequestError } from '../../model/request-error.ts';
import type { RolloutDefinition } from './definition.ts';
import { defined, Faults, isWhole, type Members } from './faults.ts';
import { readGuard } from './read-guard.ts';
import { readSchedule } from './read-schedule.ts';

const known = [
  'flag',
  'lane',
  'unit',
  'unitKey',
  'eligible',
  'sameCodeLooks',
  'standing',
  'steps',
  'schedule',
  'bakeSeconds',
  'bakeWeight',
  'guard',
];

/** Each unit's attribute of the evaluation context, unless the request names another. */
const unitKeys = { request: 'requestId', user: 'targetingKey', tenant: 'tenant' } as const;

/**
 * Reads the request for a rollout.
 * @param prometheus the addresses of the Prometheus servers that the settings allow.
 * @throws {RequestError} `unprocessable`, with all faults.
 */
export function readDefinition(sent: unknown, prometheus: readonly string[] = []): RolloutDefinition {
  const faults = new Faults();
  const members = faults.members(sent, '$', known);
  const unit = readUnit(members, faults);
  const standing = readSwitch(members, faults);
  const definition = {
    ...readArms(members, faults),
    unit,
    unitKey:
      faults.string(members['unitKey'], '$.unitKey', 'name an attribute of the evaluation context') ??
      unitKeys[unit],
    eligible: members['eligible'],
    sameCodeLooks:
      faults.number(members['sameCodeLooks'], '$.sameCodeLooks', isWhole, 'use a count of looks, e.g. 60') ??
      60,
    standing,
    steps: readSteps(members['steps'], standing, faults),
    schedule: readSchedule(members['schedule'], faults),
    bakeSeconds:
      faults.number(members['bakeSeconds'], '$.bakeSeconds', isWhole, 'use whole seconds, e.g. 3600') ?? 3600,
    bakeWeight:
      faults.number(
        members['bakeWeight'],
        '$.bakeWeight',
        (weight) => isWeight(weight) && weight <= 50,
        'use a percentage from 0.01 to 50',
      ) ?? 1,
    guard: readGuard(members['guard'], faults, prometheus),
  };
  if (faults.problems.length > 0) {
    throw new RequestError('unprocessable', 'the rollout is not valid', { problems: faults.problems });
  }
  return defined(definition);
}

function readUnit({ unit: sent }: Members, faults: Faults): RolloutDefinition['unit'] {
  const units = ['request', 'user', 'tenant'] as const;
  const remedy = 'use request, user or tenant: what is assigned to an arm and stays there';
  return faults.required(faults.word(sent, '$.unit', units), sent, '$.unit', remedy) ?? 'user';
}

const label = /^[a-z0-9](?:[-a-z0-9]{0,53}[a-z0-9])?$/;

function readArms({ flag, lane }: Members, faults: Faults): Pick<RolloutDefinition, 'flag' | 'lane'> {
  const ofFlag = 'use the key of a dye rule, e.g. "lane"';
  const ofLane = 'use a DNS label of at most 55 characters, e.g. "gray"; "-control" is appended to it';
  const isLane = (name: string): boolean =>
    label.test(name) && name !== 'baseline' && name !== 'other' && !name.endsWith('-control');
  return {
    flag: faults.required(faults.string(flag, '$.flag', ofFlag), flag, '$.flag', ofFlag) ?? '',
    lane: faults.required(faults.string(lane, '$.lane', ofLane, isLane), lane, '$.lane', ofLane) ?? '',
  };
}

function readSwitch({ standing = false }: Members, faults: Faults): boolean {
  if (typeof standing === 'boolean') return standing;
  faults.add('$.standing', standing, 'use true or false');
  return false;
}

const stepsRemedy =
  'use an array of 1 to 50 steps with rising weights, e.g. [{ "weight": 5 }, { "weight": 100 }]';

function readSteps(sent: unknown, standing: boolean, faults: Faults): readonly Step[] {
  if (!Array.isArray(sent) || sent.length === 0 || sent.length > 50) {
    faults.add('$.steps', sent, stepsRemedy);
    return [];
  }
  const steps = (sent as unknown[]).map((step, index) => readStep(step, `$.steps[${index}]`, faults));
  for (const [index, { weight }] of steps.entries()) {
    const before = steps[index - 1]?.weight ?? 0;
    if (weight <= before) {
      faults.add(
        `$.steps[${index}].weight`,
        weight,
        `use more than ${before}, the weight of the step before`,
      );
    }
  }
  if (standing && (steps.length !== 1 || (steps[0]?.weight ?? 0) > 50)) {
    faults.add('$.steps', sent, 'standing lanes have one step with a weight of at most 50');
  }
  return steps;
}

function readStep(sent: unknown, path: string, faults: Faults): Step {
  const { weight, minSeconds, minRequests } = faults.members(sent, path, [
    'weight',
    'minSeconds',
    'minRequests',
  ]);
  const ofWeight = 'use a percentage from 0.01 to 100, with at most two decimals';
  return defined({
    weight:
      faults.required(
        faults.number(weight, `${path}.weight`, isWeight, ofWeight),
        weight,
        `${path}.weight`,
        ofWeight,
      ) ?? 100,
    minSeconds: faults.number(minSeconds, `${path}.minSeconds`, isWhole, 'use whole seconds, e.g. 600'),
    minRequests: faults.number(minRequests, `${path}.minRequests`, isWhole, 'use a count, e.g. 1000'),
  });
}

/** Weights are hundredths of a percent, so that buckets are whole numbers. */
function isWeight(weight: number): boolean {
  return weight >= 0.01 && weight <= 100 && Math.abs(weight * 100 - Math.round(weight * 100)) < 1e-9;
}
