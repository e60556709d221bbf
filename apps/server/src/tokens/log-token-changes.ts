import type { Log } from '../log.ts';
import type { TokenRecord } from './token-record.ts';

/** Logs one line for each token that was created, revoked or replaced; never the token itself. */
export function logTokenChanges(
  before: readonly TokenRecord[],
  after: readonly TokenRecord[],
  log: Log,
): void {
  const earlier = new Map(before.map((record) => [record.id, record]));
  for (const { id, name, scope, environment, sha256 } of after) {
    const known = earlier.get(id);
    earlier.delete(id);
    if (known?.sha256 === sha256) continue;
    const what = known === undefined ? 'created' : 'replaced';
    log.info(`token ${name}: ${what}`, {
      token: id,
      scope,
      ...(environment !== undefined && { environment }),
    });
  }
  for (const { id, name } of earlier.values()) log.info(`token ${name}: revoked`, { token: id });
}
