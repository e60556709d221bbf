import { explainInSteps, type Explanation, type FlagSet } from '@graylane/flags';
import type { Request, Response, Router } from 'express';
import { nextTurn } from '../../event-loop-turns.ts';
import { readBody } from '../../http/body/read-body.ts';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { isObject } from '../../is-object.ts';
import { requireSmallContext } from '../../model/context-size.ts';
import { RequestError } from '../../model/request-error.ts';
import { storeOf, type Environments } from '../../store/environments.ts';
import { Turns } from '../../turns.ts';

/**
 * Route `…/flags/{flag}/explain`: evaluates one context, shows the way to the result, and writes
 * nothing.
 */
export function explainApi(router: Router, environments: Environments): void {
  router
    .route('/environments/:environment/flags/:name/explain')
    .post(readBody(), async (request: OfFlag, response: Response) => {
      const { environment, name } = request.params;
      const { flags, revision } = storeOf(environments, environment).snapshot;
      const context = readContext(request.body);
      if (flags.get(name) === undefined) throw new RequestError('not_found', `there is no flag "${name}"`);
      response.setHeader('cache-control', 'no-store');
      response.json({ revision, ...(await explainInTurn(flags, name, context)) });
    })
    .all(methodNotAllowed('POST'));
}

/** One explanation is made after the other: that of a long rule takes megabytes meanwhile. */
const explanations = new Turns();

/** Explains in several turns of the event loop. */
async function explainInTurn(
  flags: FlagSet,
  name: string,
  context: Readonly<Record<string, unknown>>,
): Promise<Explanation> {
  return explanations.run(async () => {
    const steps = explainInSteps(flags, name, context);
    let step = steps.next();
    while (step.done !== true) {
      await nextTurn();
      step = steps.next();
    }
    return step.value;
  });
}

function readContext(body: unknown): Readonly<Record<string, unknown>> {
  const context = isObject(body) ? body['context'] : undefined;
  if (!isObject(context)) {
    const [path, message] = ['$.context', 'the evaluation context is not an object'];
    const remedy = 'send an object, e.g. {"context": {"targetingKey": "ada"}}';
    throw new RequestError('invalid_request', `${message}: ${remedy}`, {
      problems: [{ path, message, remedy }],
    });
  }
  requireSmallContext(context);
  return context;
}

type OfFlag = Request<{ environment: string; name: string }>;
