import type { JSX } from 'preact';
import { api, environmentPath, type Schema } from '../../api/request.ts';
import { live } from '../../live/current.ts';
import { useResource } from '../../live/resource.ts';
import { place, screenHref, setQuery } from '../../router/location.ts';
import { countOf, shortRevision } from '../../ui/numbers.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { inWords, RelayRecords, type RelayRecord } from './relay-records.tsx';
import { AuditedRequests } from './audited-requests.tsx';

interface Entry extends Schema<'Revision'> {
  readonly environment: string;
}

/** Who changed what, in all environments, newest first. */
export function AuditScreen(): JSX.Element {
  const { resource, reload } = useResource(async () => {
    void live.value?.revision.value;
    return readEntries();
  });
  const read = resource.value;
  const typed = place.value.query.get('q') ?? '';
  const search = typed.toLowerCase();
  const { revisions, relayed } = read.state === 'ready' ? read.value : { revisions: [], relayed: [] };
  const entries = revisions.filter((entry) => haystackOf(entry).includes(search));
  const records = relayed.filter((record) => relayedText(record).includes(search));
  return (
    <>
      <div class="head">
        <h1>Audit</h1>
        <input
          class="input search"
          type="search"
          aria-label="Filter by author, environment, reason or path"
          placeholder="Filter by author, environment, reason or path"
          value={typed}
          onInput={(event) => setQuery({ q: event.currentTarget.value })}
        />
        <button
          type="button"
          class="button end"
          disabled={entries.length === 0}
          onClick={() => download(entries)}
        >
          Export as JSON
        </button>
      </div>
      <p class="lead">
        The last 200 revisions of each environment. The journal on the server has all of them.
      </p>
      {read.state === 'waiting' && <Waiting />}
      {read.state === 'failed' && <Failed error={read.error} retry={reload} />}
      {read.state === 'ready' && entries.length === 0 && <Empty title="No change matches" />}
      {entries.length > 0 && (
        <div class="table">
          <table>
            <caption class="hidden">{countOf(entries.length, 'change')}</caption>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">Where</th>
                <th scope="col">What</th>
              </tr>
            </thead>
            <tbody>
              {entries.slice(0, 500).map((entry) => (
                <tr key={`${entry.environment} ${entry.revision}`}>
                  <td class="number">
                    <Time at={entry.at} />
                  </td>
                  <td>{entry.author}</td>
                  <td>
                    <a href={screenHref(entry.environment, 'history')}>{entry.environment}</a>{' '}
                    <span class="soft number">{shortRevision(entry.revision)}</span>
                  </td>
                  <td>
                    {entry.reason ?? <span class="soft">no reason given</span>}
                    <div class="soft small mono">{pathsOf(entry)}</div>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {records.length > 0 && <RelayRecords records={records} />}
      <AuditedRequests search={search} />
    </>
  );
}

interface Read {
  readonly revisions: readonly Entry[];
  readonly relayed: readonly RelayRecord[];
}

async function readEntries(): Promise<Read> {
  const { body } = await api<{ environments: Schema<'EnvironmentSummary'>[] }>('GET', '/environments');
  const pages = await Promise.all(
    body.environments.map(async ({ name }) => {
      const [history, audit] = await Promise.all([
        api<Schema<'History'>>('GET', `${environmentPath(name, 'history')}?limit=200`),
        api<{ records: Schema<'ReceivedAuditRecord'>[] }>('GET', environmentPath(name, 'audit')),
      ]);
      const ofThis = <T,>(one: T): T & { environment: string } => ({ ...one, environment: name });
      return { revisions: history.body.revisions.map(ofThis), relayed: audit.body.records.map(ofThis) };
    }),
  );
  const newestFirst = (one: { at: string }, other: { at: string }): number => (one.at < other.at ? 1 : -1);
  return {
    revisions: pages.flatMap(({ revisions }) => revisions).toSorted(newestFirst),
    relayed: pages.flatMap(({ relayed }) => relayed).toSorted(newestFirst),
  };
}

function relayedText(record: RelayRecord): string {
  const { relay, token, environment, reason = '' } = record;
  return `${relay} ${token} ${environment} ${inWords(record)} ${reason}`.toLowerCase();
}

function pathsOf({ diff }: Entry): string {
  const shown = diff.slice(0, 3).map(({ path }) => path);
  return diff.length > 3 ? `${shown.join(', ')} and ${diff.length - 3} more` : shown.join(', ');
}

function haystackOf(entry: Entry): string {
  return `${entry.author} ${entry.environment} ${entry.reason ?? ''} ${entry.diff.map(({ path }) => path).join(' ')}`.toLowerCase();
}

function download(entries: readonly Entry[]): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(entries, null, 2)], { type: 'application/json' }));
  link.download = 'graylane-audit.json';
  link.click();
  URL.revokeObjectURL(link.href);
}
