import { describe, expect, test } from 'vitest';
import { RequestError } from '../../src/model/request-error.ts';
import { readDefinition } from '../../src/rollouts/definition/read-definition.ts';
import { request } from './rollout-requests.ts';

const [sli] = request.guard.slis;
const errors = {
  ...sli,
  name: 'payments errors',
  kind: 'errors',
  bad: { 'http.response.status_code': '5..' },
};

describe('the definition of a rollout', () => {
  test('has defaults', () => {
    expect(readDefinition({ ...request, sameCodeLooks: undefined })).toEqual({
      ...request,
      unitKey: 'targetingKey',
      sameCodeLooks: 60,
      standing: false,
      schedule: { freezes: [] },
      bakeSeconds: 3600,
      bakeWeight: 1,
      guard: { lookSeconds: 15, slis: request.guard.slis, source: 'otlp' },
    });
  });

  test.each([
    ['request', 'requestId'],
    ['user', 'targetingKey'],
    ['tenant', 'tenant'],
  ])('buckets a %s by %s', (unit, unitKey) => {
    expect(readDefinition({ ...request, unit })).toMatchObject({ unit, unitKey });
    expect(readDefinition({ ...request, unit, unitKey: 'account.id' }).unitKey).toBe('account.id');
  });

  test('keeps all that was requested, and survives JSON', () => {
    const whole = {
      ...request,
      unitKey: 'account',
      eligible: { '==': [{ var: 'region' }, 'cn'] },
      sameCodeLooks: 20,
      steps: [{ weight: 0.5, minSeconds: 60, minRequests: 1000 }, { weight: 100 }],
      schedule: {
        start: '2027-01-31T09:00:00+08:00',
        hours: { timeZone: 'Asia/Shanghai', days: ['mon', 'tue'], from: '09:00', to: '17:30' },
        freezes: [{ from: '2027-02-05T00:00:00Z', to: '2027-02-12T00:00:00Z', reason: 'new year' }],
      },
      bakeSeconds: 60,
      bakeWeight: 2,
      standing: false,
      guard: {
        alpha: 0.01,
        margin: 1.2,
        promoteMargin: 2,
        mode: 'act',
        lookSeconds: 1,
        minRequests: 10,
        breaker: { 'payments errors': { badRatio: 0.1 }, 'payments latency': { slowerThan: 2, share: 0.2 } },
        sampleRatio: 'pause',
        slis: [sli, errors],
        source: { prometheus: 'http://127.0.0.1:9090/' },
      },
    };
    const read = readDefinition(whole, ['http://127.0.0.1:9090/']);
    expect(read).toEqual(whole);
    expect(JSON.parse(JSON.stringify(read))).toEqual(whole);
  });

  test.each<[what: string, change: object, path: string, remedy: RegExp]>([
    ['no flag', { flag: undefined }, '$.flag', /key of a dye rule/],
    ['a lane that is no label', { lane: 'Gray' }, '$.lane', /DNS label/],
    ['a reserved lane', { lane: 'other' }, '$.lane', /DNS label/],
    ['a control lane', { lane: 'gray-control' }, '$.lane', /"-control" is appended/],
    ['a lane too long for its control', { lane: 'a'.repeat(56) }, '$.lane', /at most 55/],
    ['no unit', { unit: undefined }, '$.unit', /request, user or tenant/],
    ['another unit', { unit: 'session' }, '$.unit', /request, user, tenant/],
    ['an empty unit key', { unitKey: '' }, '$.unitKey', /attribute/],
    ['half a look', { sameCodeLooks: 1.5 }, '$.sameCodeLooks', /count of looks/],
    ['no steps', { steps: [] }, '$.steps', /1 to 50 steps/],
    ['steps that fall', { steps: [{ weight: 10 }, { weight: 5 }] }, '$.steps[1].weight', /more than 10/],
    ['a weight over 100', { steps: [{ weight: 101 }] }, '$.steps[0].weight', /0.01 to 100/],
    ['a weight with three decimals', { steps: [{ weight: 0.125 }] }, '$.steps[0].weight', /two decimals/],
    ['a step without a weight', { steps: [{}] }, '$.steps[0].weight', /percentage/],
    ['an unknown member', { step: 1 }, '$.step', /use flag, lane/],
    ['standing lanes with steps', { standing: true }, '$.steps', /one step/],
    ['a large control', { bakeWeight: 60 }, '$.bakeWeight', /to 50/],
    ['a start without a zone', { schedule: { start: '2027-01-31T09:00' } }, '$.schedule.start', /zone/],
    [
      'an unknown zone',
      { schedule: { hours: { timeZone: 'Mars/North' } } },
      '$.schedule.hours.timeZone',
      /UTC/,
    ],
    ['a day', { schedule: { hours: { timeZone: 'UTC', days: ['monday'] } } }, '$.schedule.hours.days', /mon/],
    [
      'hours that end first',
      { schedule: { hours: { timeZone: 'UTC', from: '9:00' } } },
      '$.schedule.hours.from',
      /09:30/,
    ],
    [
      'a freeze that ends first',
      { schedule: { freezes: [{ from: '2027-02-05T00:00:00Z', to: '2027-02-04T00:00:00Z' }] } },
      '$.schedule.freezes[0].to',
      /after "from"/,
    ],
    ['no guard', { guard: undefined }, '$.guard', /slis/],
    ['no SLIs', { guard: {} }, '$.guard.slis', /1 to 20/],
    ['two SLIs of one name', { guard: { slis: [sli, sli] } }, '$.guard.slis[1].name', /name of its own/],
    [
      'an SLI without a service',
      { guard: { slis: [{ ...sli, service: '' }] } },
      '$.guard.slis[0].service',
      /payments/,
    ],
    [
      'errors without a pattern',
      { guard: { slis: [{ ...errors, bad: {} }] } },
      '$.guard.slis[0].bad',
      /5\.\./,
    ],
    [
      'a pattern that is none',
      { guard: { slis: [{ ...errors, bad: { code: '(' } }] } },
      '$.guard.slis[0].bad["code"]',
      /regular expression/,
    ],
    ['an unknown source', { guard: { slis: [sli], source: 'statsd' } }, '$.guard.source', /"otlp"/],
    [
      'a source without a URL',
      { guard: { slis: [sli], source: { prometheus: 'x' } } },
      '$.guard.source',
      /http/,
    ],
    [
      'a Prometheus that the settings do not name',
      { guard: { slis: [sli], source: { prometheus: 'http://169.254.169.254/' } } },
      '$.guard.source',
      /GRAYLANE_PROMETHEUS=http/,
    ],
    ['alpha in percent', { guard: { slis: [sli], alpha: 5 } }, '$.guard.alpha', /\.05/],
    [
      'a breaker of another SLI',
      { guard: { slis: [sli], breaker: { x: {} } } },
      '$.guard.breaker.x',
      /payments latency/,
    ],
    [
      'a breaker without a limit',
      { guard: { slis: [sli], breaker: { 'payments latency': {} } } },
      '$.guard.breaker["payments latency"]',
      /badRatio/,
    ],
  ])('with %s is refused', (_what, change, path, remedy) => {
    const problems = problemsOf({ ...request, ...change });
    expect(problems).toContainEqual({
      path,
      message: expect.any(String),
      remedy: expect.stringMatching(remedy),
    });
  });

  test('reports all faults at once', () => {
    expect(problemsOf({}).map(({ path }) => path)).toEqual([
      '$.unit',
      '$.flag',
      '$.lane',
      '$.steps',
      '$.guard',
      '$.guard.slis',
    ]);
  });

  test.each([[null], [[]], ['x'], [7]])('refuses %j', (sent) => {
    expect(problemsOf(sent)[0]?.path).toBe('$');
  });
});

function problemsOf(sent: unknown): NonNullable<RequestError['problems']> {
  try {
    readDefinition(sent);
  } catch (error) {
    expect(error).toBeInstanceOf(RequestError);
    expect((error as RequestError).code).toBe('unprocessable');
    return (error as RequestError).problems ?? [];
  }
  throw new Error('it was accepted');
}
