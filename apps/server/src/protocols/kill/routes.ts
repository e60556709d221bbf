import { Router, type Request, type Response } from 'express';
import type { Clients } from '../../clients/clients.ts';
import type { Confirmation } from '../../clients/client.ts';
import { readBody } from '../../http/body/read-body.ts';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { isObject } from '../../is-object.ts';
import type { Snapshot } from '../../model/document.ts';
import { killsOf, type KillEntry, type KillTarget } from '../../model/kill.ts';
import { RequestError } from '../../model/request-error.ts';
import { killingStoreOf, type KillingEnvironments } from '../../store/kill/killing-environments.ts';
import type { KillingStore } from '../../store/kill/killing-store.ts';
import type { AuditLog } from '../../audit/audit-log.ts';
import type { RequestAudit } from '../../audit/request-audit.ts';
import { authorship } from '../admin/authorship.ts';
import { auditApi, requestsApi } from './audit.ts';
import { listClients } from './list-clients.ts';

/** The parts that the routes use. */
export interface KillOptions {
  readonly environments: KillingEnvironments;
  readonly clients: Clients;
  readonly audit: AuditLog;
  readonly requests: RequestAudit;
}

/** How long a kill waits for the clients by default, and at most, in seconds. */
const [defaultWaitS, maxWaitS] = [5, 60];

/**
 * Routes `/environments/{environment}/kill` and `…/clients`, below `/api/v1`. A kill responds when
 * all clients that can confirm it have done so, or after a while.
 */
export function killApi({ environments, clients, audit, requests }: KillOptions): Router {
  const router = Router();
  auditApi(router, environments, audit);
  requestsApi(router, requests);

  router
    .route('/environments/:environment/kill')
    .get((request: InEnvironment, response: Response) => {
      const store = killingStoreOf(environments, request.params.environment);
      response.setHeader('cache-control', 'no-cache');
      response.json({ revision: store.snapshot.revision, kills: list(store) });
    })
    .post(readBody(), async (request: InEnvironment, response: Response) => {
      const since = performance.now();
      const store = killingStoreOf(environments, request.params.environment);
      const target = readTarget(request.body);
      const waitMs = readWait(request);
      const { snapshot, held } = await store.kill(target, authorship(request));
      const warning = warningOf(target, snapshot);
      const confirmation = await confirmed(store, snapshot, since, waitMs);
      response.json({
        revision: snapshot.revision,
        clients: confirmation,
        ...(held !== undefined && { held }),
        ...(warning !== undefined && { warning }),
      });
    })
    .all(methodNotAllowed('GET', 'POST'));

  router
    .route('/environments/:environment/kill/lanes/:name')
    .delete((request: OfKill, response: Response) => lift(request, response, { lane: request.params.name }))
    .all(methodNotAllowed('DELETE'));
  router
    .route('/environments/:environment/kill/flags/:name')
    .delete((request: OfKill, response: Response) => lift(request, response, { flag: request.params.name }))
    .all(methodNotAllowed('DELETE'));

  router
    .route('/environments/:environment/clients')
    .get((request: InEnvironment, response: Response) => {
      const store = killingStoreOf(environments, request.params.environment);
      response.setHeader('cache-control', 'no-cache');
      response.json(listClients(clients.of(store), store.snapshot.revision));
    })
    .all(methodNotAllowed('GET', 'POST'));

  async function lift(request: OfKill, response: Response, target: KillTarget): Promise<void> {
    const since = performance.now();
    const store = killingStoreOf(environments, request.params.environment);
    const waitMs = readWait(request);
    const snapshot = await store.lift(target, authorship(request));
    const confirmation = await confirmed(store, snapshot, since, waitMs);
    response.json({ revision: snapshot.revision, clients: confirmation });
  }

  async function confirmed(
    store: KillingStore,
    { revision }: Snapshot,
    since: number,
    waitMs: number,
  ): Promise<object> {
    const none: Confirmation = { connected: 0, confirmed: 0, unconfirmable: 0, lastMs: undefined };
    const found = (await clients.of(store)?.confirmation(revision, since, waitMs)) ?? none;
    return { ...found, lastMs: found.lastMs ?? null };
  }

  return router;
}

function list(store: KillingStore): object[] {
  const { lanes, flags } = killsOf(store.snapshot);
  const entryOf = (target: KillTarget, { at, author, reason }: KillEntry): object => {
    return { ...target, at, author, reason, held: store.isHeld(target) };
  };
  return [
    ...Object.entries(lanes).map(([lane, entry]) => entryOf({ lane }, entry)),
    ...Object.entries(flags).map(([flag, entry]) => entryOf({ flag }, entry)),
  ];
}

function readTarget(body: unknown): KillTarget {
  const { lane, flag, ...others } = isObject(body) ? body : {};
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new RequestError('invalid_request', `there is no member "${other}": ${form}`);
  if (typeof lane === 'string' && flag === undefined) return { lane };
  if (typeof flag === 'string' && lane === undefined) return { flag };
  throw new RequestError('invalid_request', `the body must name one lane or one flag: ${form}`);
}

const form = 'send { "lane": "gray" } or { "flag": "fees" }';

function readWait({ query }: Request<never> | InEnvironment | OfKill): number {
  const { wait } = query;
  if (wait === undefined) return defaultWaitS * 1000;
  const seconds = wait === '' ? Number.NaN : Number(wait);
  if (seconds >= 0 && seconds <= maxWaitS) return seconds * 1000;
  throw new RequestError(
    'invalid_request',
    `wait is ${JSON.stringify(wait)}: use 0 to ${maxWaitS} seconds, the time to wait for clients`,
  );
}

/** A typing error must not pass for a kill: the lane or flag may be one that no rule has. */
function warningOf(target: KillTarget, { flags }: Snapshot): string | undefined {
  if ('flag' in target)
    return flags.get(target.flag) ? undefined : `there is no flag ${JSON.stringify(target.flag)}`;
  for (const key of flags.keys()) {
    const definition = flags.get(key)?.definition;
    const variants = isObject(definition) ? definition['variants'] : undefined;
    if (isObject(variants) && Object.values(variants).includes(target.lane)) return undefined;
  }
  return `no flag has a variant that is the lane ${JSON.stringify(target.lane)}`;
}

type InEnvironment = Request<{ environment: string }>;
type OfKill = Request<{ environment: string; name: string }>;
