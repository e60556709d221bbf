import { Router, type Request, type RequestHandler, type Response } from 'express';
import { entityTag } from '../../http/body/entity-tag.ts';
import { readBody } from '../../http/body/read-body.ts';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { RequestError } from '../../model/request-error.ts';
import type { RolloutController } from '../../rollouts/control/controller.ts';
import { Rollouts } from '../../rollouts/control/rollouts.ts';
import { readDefinition } from '../../rollouts/definition/read-definition.ts';
import { actsByHand } from '../../rollouts/process/by-hand.ts';
import { reportHtml, reportPolicy } from '../../rollouts/report/html.ts';
import { summaryOf, viewOf } from '../../rollouts/report/view.ts';
import { storeOf, type Environments } from '../../store/environments.ts';
import { authorship } from '../admin/authorship.ts';
import { readReport } from './read-report.ts';
import { verdictMetric } from './verdict-metric.ts';

/** The parts that the routes use. */
export interface RolloutsOptions {
  readonly environments: Environments;
  readonly rollouts: Pick<RolloutController, 'wake'>;
  /** The addresses of the Prometheus servers that rollouts may read. */
  readonly prometheus: readonly string[];
}

/** Routes `/environments/{environment}/rollouts`, below `/api/v1`. */
export function rolloutsApi({ environments, rollouts: controller, prometheus }: RolloutsOptions): Router {
  const router = Router();
  const of = (name: string): Rollouts => new Rollouts(storeOf(environments, name));

  router
    .route('/environments/:environment/rollouts')
    .get(async (request: InEnvironment, response: Response) => {
      const rollouts = await of(request.params.environment).list();
      sendTagged(request, response, { rollouts: rollouts.map(summaryOf) });
    })
    .post(readBody(), async (request: InEnvironment, response: Response) => {
      const { environment } = request.params;
      const rollouts = of(environment);
      const definition = readDefinition(request.body, prometheus);
      const record = await rollouts.start(definition, authorship(request));
      controller.wake(environment);
      response.setHeader('location', `/api/v1/environments/${environment}/rollouts/${record.id}`);
      response.status(201).json(viewOf(record));
    })
    .all(methodNotAllowed('GET', 'POST'));

  router
    .route('/environments/:environment/rollouts/:rollout')
    .get(async (request: OfRollout, response: Response) => {
      const { environment, rollout } = request.params;
      sendTagged(request, response, viewOf(await of(environment).get(rollout)));
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/environments/:environment/rollouts/:rollout/report')
    .get(async (request: OfRollout, response: Response) => {
      const { environment, rollout } = request.params;
      const report = await readReport(environments, environment, rollout);
      response.setHeader('cache-control', 'no-cache');
      response.vary('accept');
      if (request.accepts(['json', 'html']) !== 'html') {
        response.json(report);
        return;
      }
      response.setHeader('content-security-policy', reportPolicy);
      response.type('html').send(reportHtml(report));
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/environments/:environment/rollouts/:rollout/verdict')
    .get(async (request: OfRollout, response: Response) => {
      const { environment, rollout } = request.params;
      response.setHeader('cache-control', 'no-store');
      response.json(verdictMetric(await of(environment).get(rollout), Date.now()));
    })
    .all(methodNotAllowed('GET'));

  // For systems that read the status alone: 200 only if the verdict is this one.
  for (const wanted of ['pass', 'fail'] as const) {
    router
      .route(`/environments/:environment/rollouts/:rollout/verdict/${wanted}`)
      .post(async (request: OfRollout, response: Response) => {
        const { environment, rollout } = request.params;
        const metric = verdictMetric(await of(environment).get(rollout), Date.now());
        if (metric.verdict !== wanted) {
          throw new RequestError('conflict', `the verdict is ${metric.verdict}: ${metric.because}`);
        }
        response.setHeader('cache-control', 'no-store');
        response.json(metric);
      })
      .all(methodNotAllowed('POST'));
  }

  for (const act of actsByHand) {
    router
      .route(`/environments/:environment/rollouts/:rollout/${act}`)
      .post(
        ...(act === 'promote' ? readOptionalBody : []),
        async (request: OfRollout, response: Response) => {
          const { environment, rollout } = request.params;
          const full = act === 'promote' && readFull(request.body);
          const record = await of(environment).act(rollout, act, { ...authorship(request), full });
          controller.wake(environment);
          response.json(viewOf(record));
        },
      )
      .all(methodNotAllowed('POST'));
  }
  return router;
}

/** Reads a body if there is one. */
const readOptionalBody: readonly RequestHandler[] = readBody().map(
  (read): RequestHandler =>
    (request, response, next) => {
      const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
      if (length === '0' && encoding === undefined) next();
      else read(request, response, next);
    },
);

/** Without a body, a promotion is one step. */
function readFull(body: unknown): boolean {
  const { full = false, ...unknown } = (body ?? {}) as { readonly full?: unknown };
  const [stray] = Object.keys(unknown);
  if (stray !== undefined)
    throw new RequestError('invalid_request', `there is no member "${stray}": use full`);
  if (typeof full === 'boolean') return full;
  throw new RequestError(
    'invalid_request',
    `full is ${JSON.stringify(full)}: use true to promote to the end`,
  );
}

/** Lets a client that polls find out cheaply that nothing has changed. */
function sendTagged(request: Request, response: Response, body: object): void {
  const tag = entityTag(body);
  response.setHeader('cache-control', 'no-cache');
  response.setHeader('etag', tag);
  if (request.headers['if-none-match'] === tag) response.status(304).end();
  else response.json(body);
}

type InEnvironment = Request<{ environment: string }>;
type OfRollout = Request<{ environment: string; rollout: string }>;
