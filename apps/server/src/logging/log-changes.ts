import type { Log, LogFields } from '../log.ts';
import { firstDifferences } from '../model/diff.ts';
import { traceId } from '../model/revision.ts';
import type { Environments } from '../store/environments.ts';
import type { FlagsChanged, FlagStore } from '../store/flag-store.ts';

/** The number of changed values in one line; the history has all of them. */
const mostChanges = 20;

/** The number of revisions that may wait for the writes that they belong to. */
const mostHeld = 100;

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
      logRevisions(environment, store, log);
    }),
    environments.onRemove((environment) => log.info(`environment ${environment}: removed`, { environment })),
  ];
  started = true;
  return () => {
    for (const end of ends) end();
  };
}

/**
 * A store reports a revision before or after the write of this server resolves. So revisions wait
 * until no write is under way, and then the trace of each is known.
 */
function logRevisions(environment: string, store: FlagStore, log: Log): void {
  const traces = new Map<string, string>();
  let held: FlagsChanged[] = [];
  let writing = 0;
  const flush = (): void => {
    for (const { revision } of held.splice(0)) {
      log.info(...lineOf(environment, revision, traces.get(revision.revision)));
    }
    held = [];
    traces.clear();
  };
  store.onChange((event) => {
    held.push(event);
    if (writing === 0 || held.length > mostHeld) flush();
  });
  const write = store.write.bind(store);
  store.write = async (decide, ...rest) => {
    let trace: string | undefined;
    writing += 1;
    try {
      const snapshot = await write(
        async (...given) => {
          const change = await decide(...given);
          trace = change[traceId];
          return change;
        },
        ...rest,
      );
      if (trace !== undefined) traces.set(snapshot.revision, trace);
      return snapshot;
    } finally {
      writing -= 1;
      if (writing === 0) flush();
    }
  };
}

function lineOf(
  environment: string,
  { revision, author, reason, undoes, changes }: FlagsChanged['revision'],
  trace: string | undefined,
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
