import { getActiveLane, getLane, GraylaneBaggagePropagator } from '@graylane/baggage';
import { runInMessage } from '@graylane/baggage/kafka';
import { context, defaultTextMapGetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { beforeAll, describe, expect, test } from 'vitest';
import { inRequest } from './in-request.ts';

const ingress = { mode: 'accept', keys: ['lane'] } as const;

/** The OTel context in which instrumentation begins the span of a message. */
function extracted(headers: Record<string, string>) {
  return new GraylaneBaggagePropagator().extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
}

/** Sets the context manager, which instrumentation would have done. */
beforeAll(() => inRequest('', () => undefined));

describe('a message whose headers the propagator has extracted', () => {
  test('gives its lane to the OTel context of its span, as far as the consumer admits it', () => {
    const headers = { baggage: 'lane=gray' };
    const ofSpan = extracted(headers);
    expect(getLane(ofSpan)).toBe('baseline');
    const inside = context.with(ofSpan, () => runInMessage({ headers }, { ingress }, getActiveLane));
    expect([inside, getLane(ofSpan)]).toEqual(['gray', 'gray']);
  });

  test('keeps its lane when code inside of it handles another message, or itself by another policy', () => {
    const headers = { baggage: 'lane=gray' };
    const ofSpan = extracted(headers);
    context.with(ofSpan, () => {
      const other = { headers: { baggage: 'lane=team-a' } };
      expect(runInMessage(other, { ingress }, getActiveLane)).toBe('team-a');
      expect(getLane(ofSpan)).toBe('baseline');
      runInMessage({ headers }, { ingress }, () => {
        expect(runInMessage({ headers }, { ingress: { mode: 'strip' } }, getActiveLane)).toBe('baseline');
        expect(getActiveLane()).toBe('gray');
      });
    });
    expect(getLane(ofSpan)).toBe('gray');
  });
});
