import {
  admit,
  explainRequest,
  formatExplanation,
  getCell,
  runInLane,
  type IngressPolicy,
  type RequestExplanation,
} from '@graylane/baggage';
import { baggageListener } from '@graylane/baggage/http';
import { baggageFetch } from '@graylane/baggage/fetch';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { serve } from './adapters/http-listener.ts';

baggageFetch({ egress: { to: { 'http://orders:8080': ['lane', 'user-id'], 'http://partner': [] } } });

describe('the explanation of a request', () => {
  test('names the header that decided, what came in, and what each destination gets', () => {
    const ingress: IngressPolicy = { mode: 'accept', keys: ['lane', 'user-id'] };
    expect(explained('user-id=ada,lane=gray,secret=1', ingress)).toEqual({
      lane: 'gray',
      because: 'the baggage member "lane" named it, and the ingress policy accepted it',
      ingress: { mode: 'accept', admitted: ['user-id', 'lane'], refused: ['secret'] },
      egress: [
        { destination: 'http://orders:8080', keys: ['lane', 'user-id'] },
        { destination: 'http://partner', keys: [] },
      ],
    });
  });

  test.each<[string, IngressPolicy, string]>([
    ['lane=gray', { mode: 'strip' }, 'strips all baggage'],
    ['lane=gray', { mode: 'accept', keys: ['lane'], lanes: [] }, 'refused the mark or the pins: unknown'],
    ['lane=Gray', { mode: 'accept', keys: ['lane'] }, 'refused the mark or the pins: invalid'],
    ['a=1', { mode: 'accept', keys: ['lane'] }, 'has no member "lane"'],
    ['lane=gray', { mode: 'accept', keys: ['user-id'] }, 'ingress.keys does not have "lane"'],
    ['', { mode: 'accept', keys: ['lane'] }, 'came without baggage'],
  ])('of %j names the reason for baseline', (header, ingress, because) => {
    const { lane, because: sentence } = explained(header, ingress);
    expect([lane, sentence]).toEqual(['baseline', expect.stringContaining(because)]);
  });

  test('names the dye rule, its variant and its reason, or why there was none', async () => {
    const details = { value: 'gray', variant: 'test', reason: 'TARGETING_MATCH' };
    expect(await dyedBy(details)).toContain(
      'gray: the dye rule "lane" decided, variant test, reason TARGETING_MATCH; ingress strip: admitted nothing, refused lane',
    );
    expect(await dyedBy({ value: 'baseline', errorCode: 'FLAG_NOT_FOUND' })).toMatch(
      /^baseline: the dye rule "lane" does not exist: create a string flag/,
    );
    expect(await dyedBy({ value: 'Team A', variant: 'a' })).toMatch(
      /^baseline: the dye rule "lane" decided, but "Team A" is not a lane: /,
    );
    expect(await dyedBy({ value: 'gray' }, { lanes: ['blue'] })).toMatch(
      /^baseline: the dye rule "lane" decided, but dye.lanes does not have "gray"/,
    );
    const evaluationContext = (): never => {
      throw new Error('no user');
    };
    expect(await dyedBy({ value: 'gray' }, { evaluationContext })).toMatch(
      /^baseline: the dye failed: Error: no user/,
    );
  });

  test('names code that dyed it, and reports that no policy saw it', () => {
    runInLane('gray', () => expect(explainRequest().because).toBe('runInLane started it'));
    const request = admit([''], { mode: 'strip' }, ROOT_CONTEXT);
    getCell(request)?.dye('blue');
    expect(explainRequest(request)).toMatchObject({ lane: 'blue', because: 'code dyed the request cell' });
    expect(explainRequest(ROOT_CONTEXT)).toMatchObject({ lane: 'baseline', ingress: undefined });
  });

  test('fits into a header, whatever came', () => {
    const keys = Array.from({ length: 500 }, (_, index) => `k${index}`);
    const header = [...keys.map((key) => `${key}=灰`), 'lane=%0D%0A%E7%81%B0'].join(',');
    const line = formatExplanation(explained(header, { mode: 'accept', keys: ['lane', ...keys] }));
    expect(line).toMatch(/^[\x20-\x7e]{1,2000}$/);
  });
});

function explained(header: string, ingress: IngressPolicy): RequestExplanation {
  return explainRequest(admit([header], ingress, ROOT_CONTEXT));
}

async function dyedBy(details: object, more: object = {}): Promise<string> {
  const client = { getStringValue: () => 'unused', getStringDetails: () => details as never };
  const service = await serve(
    baggageListener({ dye: { client, evaluationContext: () => ({}), ...more } }, (_request, response) =>
      response.end(formatExplanation(explainRequest())),
    ),
  );
  const response = await fetch(service.origin, { headers: { baggage: 'lane=blue' } });
  const text = await response.text();
  await service.close();
  return text;
}
