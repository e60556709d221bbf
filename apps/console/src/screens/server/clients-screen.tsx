import type { JSX } from 'preact';
import { api, environmentPath, type Schema } from '../../api/request.ts';
import { environment, live } from '../../live/current.ts';
import { useResource } from '../../live/resource.ts';
import { count, countOf, shortRevision } from '../../ui/numbers.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { span } from '../../ui/time.tsx';

/** The connected clients of the environment, with the revision that each one has confirmed. */
export function ClientsScreen(): JSX.Element {
  const { resource, reload } = useResource(
    async () => {
      void live.value?.revision.value;
      return (await api<Schema<'Clients'>>('GET', environmentPath(environment.value, 'clients'))).body;
    },
    { everyMs: 2000 },
  );
  const read = resource.value;
  return (
    <>
      <div class="head">
        <h1>Clients</h1>
        {read.state === 'ready' && (
          <span class="soft number" role="status">
            {count(read.value.confirmed)} of{' '}
            {countOf(read.value.connected - read.value.unconfirmable, 'client')} have revision{' '}
            {shortRevision(read.value.revision)}
          </span>
        )}
      </div>
      {read.state === 'waiting' && <Waiting />}
      {read.state === 'failed' && <Failed error={read.error} retry={reload} />}
      {read.state === 'ready' && <Found clients={read.value} />}
    </>
  );
}

function Found({ clients: found }: { readonly clients: Schema<'Clients'> }): JSX.Element {
  const { clients, unnamed, omitted, revision } = found;
  const others = unnamed.changes + unnamed.flagd + unnamed.ofrep;
  return (
    <>
      {clients.length === 0 && (
        <Empty title="No client has reported">
          <p class="lead">
            Services with the graylane provider report the revision that they have, by themselves.
          </p>
        </Empty>
      )}
      {clients.length > 0 && (
        <div class="table">
          <table>
            <thead>
              <tr>
                <th scope="col">Service</th>
                <th scope="col">Instance</th>
                <th scope="col" class="number">
                  Revision
                </th>
                <th scope="col">State</th>
                <th scope="col" class="number">
                  Reported
                </th>
              </tr>
            </thead>
            <tbody>
              {clients
                .slice(0, 1000)
                .map(({ service, instance, revision: own, current, connected, ageSeconds }) => (
                  <tr key={`${service} ${instance}`}>
                    <td>{service}</td>
                    <td class="mono">{instance}</td>
                    <td class="number">{own === null ? '—' : shortRevision(own)}</td>
                    <td>
                      {current ? (
                        <span class="badge good">✓ up to date</span>
                      ) : (
                        <span class="badge warn">behind {shortRevision(revision)}</span>
                      )}{' '}
                      {!connected && <span class="badge">by another server</span>}
                    </td>
                    <td class="number">{ageSeconds === null ? '—' : `${span(ageSeconds * 1000)} ago`}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      )}
      {(others > 0 || (omitted ?? 0) > 0) && (
        <p class="soft">
          {others > 0 &&
            `Besides, streams that cannot confirm a revision: ${unnamed.changes} of changes (pages of the console, for example), ${unnamed.flagd} of flagd, ${unnamed.ofrep} of OFREP. `}
          {(omitted ?? 0) > 0 && `${count(omitted ?? 0)} clients are not listed.`}
        </p>
      )}
    </>
  );
}
