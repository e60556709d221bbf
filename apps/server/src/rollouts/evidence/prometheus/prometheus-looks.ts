import type { Sli } from '../../definition/sli.ts';
import { controlOf, countLook } from '../counting/count-look.ts';
import type { Increment } from '../counting/increment.ts';
import { labelName, metricName } from '../counting/label-name.ts';
import type { SliMatcher } from '../counting/sli-matcher.ts';
import type { LookDetails, LookQuestion, LookResponse, LookSource } from '../look-source.ts';
import { pastHours } from './past-hours.ts';
import { PrometheusError, queryMatrix, type PrometheusAccess, type Series } from './prometheus-client.ts';
import { incrementsOf, targetOf } from './prometheus-increments.ts';
import type { PrometheusServers } from './prometheus-servers.ts';

/**
 * A scrape that began before a time may be stored after it, so a look ends this much earlier, in
 * ms.
 */
const settleMs = 2000;

/** How far before a window its first counts may lie: five scrapes of a minute, in ms. */
const lookBackMs = 300_000;

/** Requests that are older are not counted any more, in ms. */
const maxWindowMs = 3_600_000;

/** Looks at raw samples of a Prometheus server. */
export class PrometheusLooks implements LookSource {
  /** The end of the newest window with faults, by environment and lane. */
  readonly #discarded = new Map<string, number>();
  readonly #servers: PrometheusServers;

  constructor(servers: PrometheusServers) {
    this.#servers = servers;
  }

  /** A window with faults is not counted later either: the next one begins at its end. */
  async look(asked: LookQuestion, signal: AbortSignal): Promise<LookResponse> {
    const at = asked.to - settleMs;
    const key = JSON.stringify([asked.environment, asked.lane]);
    const from = Math.max(asked.from, this.#discarded.get(key) ?? 0, at - maxWindowMs);
    const question = { ...asked, from };
    if (at <= from) return { holds: ['the look is shorter than the time in which scrapes settle'] };
    try {
      const found = await this.#find(question, at, signal);
      const increments = found.flatMap((one) => one.increments);
      const newest = Math.max(...found.map((one) => one.newest));
      const faults = [...new Set(found.flatMap((one) => one.faults))];
      if (faults.length > 0) this.#discarded.set(key, at);
      return countLook(question, {
        increments,
        faults,
        at,
        ageMs: Number.isFinite(newest) ? question.to - newest : undefined,
        missing: (sli, lane) => missingText(sli, lane),
      });
    } catch (error) {
      if (!(error instanceof PrometheusError)) throw error;
      return { holds: [error.message] };
    }
  }

  /** An hour that can't be read is left out: it is context alone. */
  async details({ source, slis, to }: LookQuestion, signal: AbortSignal): Promise<LookDetails> {
    if (source === 'otlp') throw new Error('a question about OTLP reached Prometheus');
    const access = { address: source.prometheus, servers: this.#servers };
    const missing: string[] = [];
    const days = slis.map(async (sli) =>
      pastHours(access, sli, to, signal).catch((error: unknown) => {
        if (!(error instanceof PrometheusError)) throw error;
        missing.push(`${sli.name} has no last days: ${error.message}`);
        return [];
      }),
    );
    const lastDays = (await Promise.all(days)).flat();
    return { lastDays, ...(missing.length > 0 && { missing }) };
  }

  /** The increments of each metric that an SLI names, each counted once. */
  async #find({ source, lane, slis, from }: LookQuestion, at: number, signal: AbortSignal) {
    if (source === 'otlp') throw new Error('a question about OTLP reached Prometheus');
    const kinds = new Map(slis.map((sli) => [JSON.stringify([sli.service, sli.metric, sli.selector]), sli]));
    const seen = new Set<string>();
    let scraped: ReadonlySet<string> | undefined;
    const all: Array<{ increments: readonly Increment[]; faults: readonly string[]; newest: number }> = [];
    const access = { address: source.prometheus, servers: this.#servers };
    const range = `[${Math.ceil((at - from + lookBackMs) / 1000)}s]`;
    for (const sli of kinds.values()) {
      const query = `${selectorOf(sli, lane)}${range}`;
      const series = seriesOf(await queryMatrix(access, query, at, signal), sli);
      const fresh = series.filter((one) => {
        const key = JSON.stringify([sli.service, ...one.labels]);
        return !seen.has(key) && seen.add(key);
      });
      const isNew = fresh.some(({ samples }) => samples.every((sample) => sample.at > from));
      if (isNew) scraped ??= await this.#scraped(access, range, from, at, signal);
      all.push(incrementsOf(fresh, sli.service, { from, to: at, scraped: scraped ?? new Set() }));
    }
    return all;
  }

  /** The targets that were scraped before the window. */
  async #scraped(
    access: PrometheusAccess,
    range: string,
    from: number,
    at: number,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const targets = await queryMatrix(access, `up${range}`, at, signal);
    const isUp = ({ samples }: Series): boolean => samples.findLast((one) => one.at <= from)?.value === 1;
    return new Set(targets.filter(isUp).map(({ labels }) => targetOf(labels)));
  }
}

/** Selects the series of an SLI in both arms, under each name that its metric may have. */
function selectorOf({ metric, selector }: Sli, lane: string): string {
  const name = metricName(metric);
  const names = ['', '_seconds'].flatMap((unit) =>
    ['_bucket', '_count', '_sum'].map((part) => `${name}${unit}${part}`),
  );
  const matchers = [
    `__name__=~"${[...names, `${name}_total`].join('|')}"`,
    `lane=~"${[lane, controlOf(lane)].join('|')}"`,
    ...Object.entries(selector ?? {}).map(([label, value]) => `${labelName(label)}=${JSON.stringify(value)}`),
  ];
  return `{${matchers.join(',')}}`;
}

/**
 * The series of the SLI's service, by the label `service_name` or, without it, `job`. If there are
 * none, an SLI with a selector names its series by that alone.
 * @throws {PrometheusError} if two metrics, or both labels, could be meant.
 */
function seriesOf(series: readonly Series[], { service, metric, selector }: Sli): readonly Series[] {
  const own = ofService(series, service, metric);
  const chosen = own.length === 0 && selector !== undefined ? series : own;
  const names = new Set(
    chosen.map(({ labels }) => (labels.get('__name__') ?? '').replace(/_(?:bucket|count|sum)$/, '')),
  );
  if (names.size <= 1) return chosen;
  throw new PrometheusError(
    `${metric} of ${service} may be ${[...names].join(' or ')}: drop one of them, or name the series with a selector`,
  );
}

function ofService(series: readonly Series[], service: string, metric: string): readonly Series[] {
  const byName = series.filter(({ labels }) => labels.get('service_name') === service);
  const byJob = series.filter(
    ({ labels }) => !labels.has('service_name') && isJob(labels.get('job'), service),
  );
  if (byName.length === 0 || byJob.length === 0) return byName.length > 0 ? byName : byJob;
  throw new PrometheusError(
    `${metric} of ${service} has series with the label service_name, and others with the job ${service}: name them with a selector`,
  );
}

/** OpenTelemetry's job is the service's namespace and name. */
function isJob(job: string | undefined, service: string): boolean {
  return job === service || (job?.endsWith(`/${service}`) ?? false);
}

function missingText({ sli: { service, metric } }: SliMatcher, lane: string): string {
  return `Prometheus has no requests of ${service} in ${metric} with the label lane="${lane}" in this look: check the metric, the label service_name or job, and that series have lanes`;
}
