import type { Request, Response, Router } from 'express';
import { readBody } from '../../http/body/read-body.ts';
import { principalOf } from '../../http/front-door/principal.ts';
import { methodNotAllowed } from '../../http/problem-details.ts';
import type { AuditLog } from '../../audit/audit-log.ts';
import { readRecords } from '../../audit/audit-record.ts';
import type { RequestAudit } from '../../audit/request-audit.ts';
import { RequestError } from '../../model/request-error.ts';
import { storeOf, type Environments } from '../../store/environments.ts';

/** Routes `/environments/{environment}/audit`: the records of relays. */
export function auditApi(router: Router, environments: Environments, audit: AuditLog): void {
  router
    .route('/environments/:environment/audit')
    .get((request: InEnvironment, response: Response) => {
      const store = storeOf(environments, request.params.environment);
      response.setHeader('cache-control', 'no-cache');
      response.json({ records: audit.list(store) });
    })
    .post(readBody(), (request: InEnvironment, response: Response) => {
      const { environment } = request.params;
      const store = storeOf(environments, environment);
      const { relay, records } = readRecords(request.body);
      audit.add(store, environment, relay, principalOf(request).name, records);
      response.status(204).end();
    })
    .all(methodNotAllowed('GET', 'POST'));
}

/**
 * Route `/requests`: where writes came from, and what was refused. For admins of the whole server:
 * it has addresses of people.
 */
export function requestsApi(router: Router, requests: RequestAudit): void {
  router
    .route('/requests')
    .get((request, response) => {
      const { outcome, q } = request.query;
      if (outcome !== undefined && outcome !== 'accepted' && outcome !== 'refused') {
        const message = `outcome is ${JSON.stringify(outcome)}: use accepted or refused`;
        throw new RequestError('invalid_request', message);
      }
      if (q !== undefined && typeof q !== 'string') {
        throw new RequestError('invalid_request', `q is ${JSON.stringify(q)}: give it one value`);
      }
      response.setHeader('cache-control', 'no-cache');
      response.json({ requests: requests.list({ ...(outcome && { outcome }), ...(q && { text: q }) }) });
    })
    .all(methodNotAllowed('GET'));
}

type InEnvironment = Request<{ environment: string }>;
