import type { JSX } from 'preact';
import { api, environmentPath, type Schema } from '../../api/request.ts';
import { live } from '../../live/current.ts';
import { useResource } from '../../live/resource.ts';
import { place, screenHref, setQuery } from '../../router/location.ts';
import { countOf, shortRevision } from '../../ui/numbers.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
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
  const entries =
    read.state === 'ready' ? read.value.filter((entry) => haystackOf(entry).includes(search)) : [];
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
      <AuditedRequests search={search} />
    </>
  );
}

async function readEntries(): Promise<Entry[]> {
  const { body } = await api<{ environments: Schema<'EnvironmentSummary'>[] }>('GET', '/environments');
  const pages = await Promise.all(
    body.environments.map(async ({ name }) => {
      const page = await api<Schema<'History'>>('GET', `${environmentPath(name, 'history')}?limit=200`);
      return page.body.revisions.map((revision) => ({ ...revision, environment: name }));
    }),
  );
  return pages.flat().toSorted((one, other) => (one.at < other.at ? 1 : -1));
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
