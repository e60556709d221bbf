import { json, type Reply } from './reply.ts';

/**
 * Whether a part of the service works: `true`, or `false` or a sentence why not. A check that
 * throws has failed.
 */
export type Check = () => boolean | string | Promise<boolean | string>;

/** Checks by the name of the part, e.g. `{ database: () => pool.isConnected }`. */
export type Checks = Readonly<Record<string, Check>>;

/** Reports health in a form of its own; not `ok` is 503. */
export type HealthReport = () => { readonly ok: boolean; readonly body: object };

const timeoutMs = 2000;

/** The reply of `/healthz` or `/readyz`. */
export async function statusOf(health: Checks | HealthReport): Promise<Reply> {
  if (typeof health !== 'function') return runChecks(health);
  const { ok, body } = health();
  return json(body, ok ? 200 : 503);
}

/** 200 where all checks pass, otherwise 503 with the ones that do not. */
async function runChecks(checks: Checks): Promise<Reply> {
  const entries = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await outcomeOf(check)] as const),
  );
  const isOk = entries.every(([, outcome]) => outcome === 'ok');
  return json({ status: isOk ? 'ok' : 'failing', checks: Object.fromEntries(entries) }, isOk ? 200 : 503);
}

async function outcomeOf(check: Check): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => {
        resolve(`not finished within ${timeoutMs} ms`);
      }, timeoutMs);
    });
    const outcome = await Promise.race([check(), late]);
    if (typeof outcome === 'string') return outcome;
    return outcome ? 'ok' : 'failing';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
