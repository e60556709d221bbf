import type { Request, Response, Router } from 'express';
import { forEachInSlices } from '../../for-each-in-slices.ts';
import { sendJson } from '../../http/body/send-json.ts';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { RequestError } from '../../model/request-error.ts';
import { storeOf, type Environments } from '../../store/environments.ts';
import { describeUsage, timeOf } from '../../usage/describe-usage.ts';
import type { EnvironmentUsage } from '../../usage/environment-usage.ts';
import { isListed, type Staleness } from '../../usage/stale-flags.ts';
import type { UsageKeeper } from '../../usage/usage-keeper.ts';

const maxDays = 3650;

/** Routes `…/usage` of an environment and of a flag: how often flags are evaluated, by whom. */
export function usageApi(router: Router, environments: Environments, usage: UsageKeeper): void {
  router
    .route('/environments/:environment/usage')
    .get(async (request: OfEnvironment, response: Response) => {
      const staleness = readStaleness(request.query);
      const kept = usageOf(request.params.environment);
      const now = Date.now();
      const flags: string[] = [];
      await forEachInSlices(
        kept.flags.keys(),
        (key) => {
          const one = kept.of(key);
          if (!isListed(one, staleness, now)) return;
          const variants = [...one.get('variants')].filter(([, { last }]) => last > 0);
          flags.push(
            JSON.stringify({
              flag: key,
              since: timeOf(one.since),
              lastEvaluated: timeOf(one.last),
              evaluations: one.count,
              services: [...one.get('services').keys()],
              variants: variants.map(([variant, { count, last }]) => ({
                variant: variant === '' ? null : variant,
                evaluations: count,
                lastEvaluated: timeOf(last),
              })),
            }),
          );
        },
        () => response.destroyed,
      );
      response.setHeader('cache-control', 'no-cache');
      sendJson(response, 200, `{"flags":[${flags.join()}]}`);
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/environments/:environment/flags/:name/usage')
    .get((request: OfFlag, response: Response) => {
      const { environment, name } = request.params;
      const kept = usageOf(environment);
      const flag = kept.flags.get(name);
      if (flag === undefined) throw new RequestError('not_found', `there is no flag "${name}"`);
      response.setHeader('cache-control', 'no-cache');
      response.json(describeUsage(flag, kept.of(name), Date.now()));
    })
    .all(methodNotAllowed('GET'));

  function usageOf(environment: string): EnvironmentUsage {
    const kept = usage.of(storeOf(environments, environment));
    if (kept !== undefined) return kept;
    throw new RequestError('no_room', 'the environment has just been created: try again', { retryAfterS: 1 });
  }
}

function readStaleness(query: Request['query']): Staleness {
  const { unusedDays, constantDays } = query;
  if (unusedDays !== undefined && constantDays !== undefined) {
    const message = 'unusedDays and constantDays are both given: use one of them';
    throw new RequestError('invalid_request', message);
  }
  if (unusedDays !== undefined) return { unusedDays: readDays('unusedDays', unusedDays) };
  if (constantDays !== undefined) return { constantDays: readDays('constantDays', constantDays) };
  return { all: true };
}

function readDays(name: string, value: unknown): number {
  const days = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (days > 0 && days <= maxDays) return days;
  throw new RequestError(
    'invalid_request',
    `${name} is ${JSON.stringify(value)}: use a number of days, up to ${maxDays}`,
  );
}

type OfEnvironment = Request<{ environment: string }>;
type OfFlag = Request<{ environment: string; name: string }>;
