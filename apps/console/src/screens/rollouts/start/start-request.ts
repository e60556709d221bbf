import type { FlagSet } from '@graylane/flags';
import type { Schema } from '../../../api/request.ts';
import { isRecord } from '../../../json/values.ts';

/** The fields of the form, as they are typed. */
export interface StartFields {
  readonly flag: string;
  readonly lane: string;
  readonly unit: string;
  /** Percents, separated by commas. */
  readonly steps: string;
  readonly minutes: string;
  readonly service: string;
  readonly metric: string;
  /** A regular expression of failed status codes; empty for none. */
  readonly bad: string;
  /** The URL of Prometheus; empty for OTLP. */
  readonly source: string;
  readonly looks: string;
  readonly mode: string;
}

/** The body of the request that starts a rollout. The server checks it. */
export function requestOf(fields: StartFields): Schema<'RolloutRequest'> {
  const { flag, lane, unit, steps, minutes, service, metric, bad, source, looks, mode } = fields;
  const of = { service: service.trim(), metric: metric.trim() };
  const minSeconds = Math.round(Number(minutes) * 60);
  const request = {
    flag,
    lane: lane.trim(),
    unit,
    sameCodeLooks: Number(looks),
    steps: steps
      .split(/[,\s%]+/)
      .filter((step) => step !== '')
      .map((step) => ({ weight: Number(step), ...(minSeconds > 0 && { minSeconds }) })),
    guard: {
      ...(mode !== '' && { mode }),
      slis: [
        { name: `${of.service} latency`, ...of, kind: 'latency' },
        ...(bad.trim() === ''
          ? []
          : [
              {
                name: `${of.service} errors`,
                ...of,
                kind: 'errors',
                bad: { 'http.response.status_code': bad.trim() },
              },
            ]),
      ],
      source: source.trim() === '' ? 'otlp' : { prometheus: source.trim() },
    },
  };
  return request as unknown as Schema<'RolloutRequest'>;
}

/** A flag whose variants may be lanes. */
export interface DyeRule {
  readonly key: string;
  readonly lanes: readonly string[];
}

/** The string flags whose variants are lanes; the flag `lane` first. */
export function dyeRulesOf(flags: FlagSet | undefined): DyeRule[] {
  const rules: DyeRule[] = [];
  for (const key of flags?.keys() ?? []) {
    const definition = flags?.get(key)?.definition;
    const variants = isRecord(definition) && isRecord(definition['variants']) ? definition['variants'] : {};
    const lanes = Object.values(variants);
    if (lanes.includes('baseline') && lanes.every((lane) => typeof lane === 'string')) {
      rules.push({ key, lanes: lanes.filter((lane) => lane !== 'baseline' && !lane.endsWith('-control')) });
    }
  }
  return rules.toSorted((one, other) => Number(other.key === 'lane') - Number(one.key === 'lane'));
}
