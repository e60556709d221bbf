import { getActiveCell, getActiveLane, type RequestCell } from '@graylane/baggage';
import { trace } from '@opentelemetry/api';
import { processLanes } from '../lanes/known-lanes.ts';
import { counter } from '../metrics/instruments.ts';
import { recentDecisions } from '../requests/decisions.ts';
import { emitEvent } from './emit-event.ts';
import { eventAttributes, type EvaluationEventOptions } from './event-attributes.ts';
import type { EvaluatedFlag, HookContext } from './hook-types.ts';

/** The log events of the hook, which it sends beside the counter. */
export interface EvaluationHookOptions extends EvaluationEventOptions {
  /**
   * The share of evaluations that become a log event, at most one for each request and flag.
   * Default: 0.01; 0 sends none.
   */
  readonly eventRatio?: number;
}

/** OpenFeature's hook, as far as it is needed: it fits every client of the server SDK. */
export interface EvaluationHook {
  finally(hookContext: HookContext, details: EvaluatedFlag): void;
}

/**
 * Makes an OpenFeature hook that counts evaluations in `feature_flag.evaluations`, by flag,
 * variant, reason and lane, and sends a sample of them as `feature_flag.evaluation` events
 * (OpenTelemetry semantic conventions 1.45). The value and the targeting key stay out unless an
 * option adds them. The hook never throws.
 */
export function evaluationHook({
  eventRatio = 0.01,
  ...include
}: EvaluationHookOptions = {}): EvaluationHook {
  const count = counter('feature_flag.evaluations', 'Flag evaluations', '{evaluation}');
  const reported = new WeakMap<RequestCell, Set<string>>();
  return {
    finally: (hookContext, details) => {
      const lane = getActiveLane();
      const reason = (details.reason ?? 'unknown').toLowerCase();
      count(1, {
        'feature_flag.key': details.flagKey,
        'feature_flag.result.variant': details.variant ?? '',
        'feature_flag.result.reason': reason,
        lane: processLanes().known.label(lane),
      });
      remember(details, reason, lane);
      if (eventRatio > 0 && Math.random() < eventRatio && isFirst(reported, details.flagKey)) {
        emitEvent('feature_flag.evaluation', { ...eventAttributes(hookContext, details, include), lane });
      }
    },
  };
}

function remember({ flagKey, variant, errorCode }: EvaluatedFlag, reason: string, lane: string): void {
  const traceId = trace.getActiveSpan()?.spanContext().traceId;
  recentDecisions().push({
    at: Date.now(),
    flag: flagKey,
    ...(variant === undefined ? {} : { variant }),
    reason,
    lane,
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(traceId === undefined ? {} : { traceId }),
  });
}

function isFirst(reported: WeakMap<RequestCell, Set<string>>, flagKey: string): boolean {
  const cell = getActiveCell();
  if (cell === undefined) return true;
  const flags = reported.get(cell) ?? new Set();
  if (flags.has(flagKey)) return false;
  reported.set(cell, flags.add(flagKey));
  return true;
}
