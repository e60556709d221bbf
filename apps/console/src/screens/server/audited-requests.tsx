import type { JSX } from 'preact';
import { api, type Schema } from '../../api/request.ts';
import { useResource } from '../../live/resource.ts';
import { place, setQuery } from '../../router/location.ts';
import { count } from '../../ui/numbers.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';

/** Where the writes of this server came from, and the requests that it has refused. */
export function AuditedRequests({ search }: { readonly search: string }): JSX.Element {
  const { resource, reload } = useResource(
    async () => (await api<Schema<'AuditedRequests'>>('GET', '/requests')).body.requests,
    { everyMs: 5000 },
  );
  const read = resource.value;
  const isRefused = place.value.query.get('outcome') === 'refused';
  const shown = read.state === 'ready' ? read.value.filter((one) => isShown(one, search, isRefused)) : [];
  return (
    <section class="stack" aria-label="Requests">
      <div class="head">
        <h2>Requests</h2>
        <label class="row">
          <input
            type="checkbox"
            checked={isRefused}
            onChange={(event) => setQuery({ outcome: event.currentTarget.checked ? 'refused' : undefined })}
          />
          refused alone
        </label>
      </div>
      <p class="lead">
        The origin of the last 1,000 writes to this server since its start, and sums of what it refused.
      </p>
      {read.state === 'waiting' && <Waiting />}
      {read.state === 'failed' && <Failed error={read.error} retry={reload} />}
      {read.state === 'ready' && shown.length === 0 && <Empty title="No request matches" />}
      {shown.length > 0 && <Table requests={shown.slice(0, 500)} />}
    </section>
  );
}

type Audited = Schema<'AuditedRequest'>;

function Table({ requests }: { readonly requests: readonly Audited[] }): JSX.Element {
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            <th scope="col">Last</th>
            <th scope="col">From</th>
            <th scope="col">Who</th>
            <th scope="col">Request</th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {requests.map((one) => (
            <tr key={`${one.at} ${textOf(one)} ${one.status}`}>
              <td class="number">
                <Time at={one.until} />
              </td>
              <td class="mono">{one.address ?? <span class="soft">several</span>}</td>
              <td>{one.author ?? <span class="soft">unknown</span>}</td>
              <td class="mono small">
                {one.method} {routeOf(one)}
              </td>
              <td>
                <span class={one.outcome === 'refused' ? 'badge warn' : 'badge good'}>
                  {one.outcome} {one.status}
                </span>{' '}
                {one.code ?? ''}
                {one.count > 1 && ` ${count(one.count)} times`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function routeOf({ route, environment }: Audited): string {
  return (route ?? 'unknown').replace('{environment}', environment ?? '');
}

function isShown(one: Audited, search: string, isRefused: boolean): boolean {
  return (!isRefused || one.outcome === 'refused') && textOf(one).includes(search);
}

function textOf(one: Audited): string {
  return `${one.author ?? ''} ${one.address ?? ''} ${one.method} ${routeOf(one)} ${one.code ?? ''}`.toLowerCase();
}
