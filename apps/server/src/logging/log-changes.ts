import type { Log, LogFields } from '../log.ts';
import { firstDifferences } from '../model/diff.ts';
import { traceId, type Revision } from '../model/revision.ts';
import type { Environments } from '../store/environments.ts';

/** The number of changed values in one line; the history has all of them. */
const mostChanges = 20;

/** Values that name a state or a variant; other values can be long, or secret. */
const shownValues = /\.(?:state|defaultVariant)$/;

/**
 * Logs one line for each revision: environment, revision, author, reason, changes, and the trace of
 * the request that made it. Environments that are created or removed get a line, too.
 */
export function logChanges(environments: Environments, log: Log): () => void {
  let started = false;
  const ends = [
    environments.onCreate((environment, store) => {
      if (started) log.info(`environment ${environment}: created`, { environment });
      store.onChange(({ revision }) => log.info(...lineOf(environment, revision)));
    }),
    environments.onRemove((environment) => log.info(`environment ${environment}: removed`, { environment })),
  ];
  started = true;
  return () => {
    for (const end of ends) end();
  };
}

function lineOf(
  environment: string,
  { revision, author, reason, undoes, changes, [traceId]: trace }: Revision,
): [text: string, fields: LogFields] {
  const { differences, more: moreChanges } = firstDifferences(changes, mostChanges);
  const listed = differences.map(({ path, ...values }) => ({
    path,
    ...(shownValues.test(path) && values),
  }));
  const parts = changes.slice(0, mostChanges).map(({ path, before, after }) => {
    const name = path.at(-1) ?? 'metadata';
    return `${name} ${before === undefined ? 'created' : after === undefined ? 'removed' : 'changed'}`;
  });
  const more = changes.length - parts.length;
  return [
    `environment ${environment}: ${parts.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    {
      environment,
      revision,
      author,
      ...(reason !== undefined && { reason }),
      ...(undoes !== undefined && { undoes }),
      changes: listed,
      ...(moreChanges > 0 && { moreChanges }),
      ...(trace !== undefined && { trace_id: trace }),
    },
  ];
}
