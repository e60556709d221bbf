import { Router } from 'express';
import type { Environments } from '../../store/environments.ts';
import { environmentsApi } from './environments.ts';
import { explainApi } from './explain.ts';
import { historyApi } from './history.ts';
import { openapi } from './openapi.ts';
import { partResource } from './part-resource.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { previewApi } from './preview.ts';
import { verifyApi } from './verify.ts';
import { tokensApi } from './tokens.ts';
import { sendJson } from '../../http/body/send-json.ts';
import { methodNotAllowed } from '../../http/problem-details.ts';

/** The admin API, below `/api/v1`, as the OpenAPI document describes it. */
export function adminApi(environments: Environments, tokens: Tokens): Router {
  const router = Router();
  router
    .route('/openapi.json')
    .get((_request, response) => {
      sendJson(response, 200, openapi);
    })
    .all(methodNotAllowed('GET'));
  environmentsApi(router, environments);
  historyApi(router, environments);
  partResource(router, environments, { noun: 'flag', member: 'flags', patchable: true });
  partResource(router, environments, { noun: 'segment', member: '$evaluators', patchable: false });
  previewApi(router, environments);
  explainApi(router, environments);
  verifyApi(router, environments);
  tokensApi(router, tokens);
  return router;
}
