import type { JSX } from 'preact';
import { api, environmentPath, type Schema } from '../../api/request.ts';
import { token } from '../../api/session.ts';
import { live } from '../../live/current.ts';
import { refreshEnvironmentNames } from '../../live/environment-names.ts';
import { faultsOf } from '../../live/faults.ts';
import { useResource } from '../../live/resource.ts';
import { openDialog, openedAbout } from '../../router/dialog.ts';
import { place, screenHref, setQuery } from '../../router/location.ts';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { countOf, shortRevision } from '../../ui/numbers.ts';
import { Failed, Waiting } from '../../ui/states.tsx';
import { NewEnvironmentDialog } from './new-environment-dialog.tsx';

type Environment = Schema<'EnvironmentSummary'>;

/** The environments of the server: sets of flags with a history of their own. */
export function EnvironmentsScreen(): JSX.Element {
  const { resource, reload } = useResource(async () => {
    void token.value;
    void live.value?.revision.value;
    return (await api<{ environments: Environment[] }>('GET', '/environments')).body.environments;
  });
  const read = resource.value;
  const about = openedAbout('remove');
  const removing = read.state === 'ready' ? read.value.find(({ name }) => name === about) : undefined;
  const search = place.value.query.get('q') ?? '';
  const changed = (): void => {
    reload();
    void refreshEnvironmentNames();
  };
  return (
    <>
      <div class="head">
        <h1>Environments</h1>
        {read.state === 'ready' && <span class="soft">{countOf(read.value.length, 'environment')}</span>}
        {read.state === 'ready' && read.value.length > 8 && (
          <input
            class="input"
            type="search"
            aria-label="Filter environments"
            placeholder="Filter"
            value={search}
            onInput={(event) => setQuery({ q: event.currentTarget.value })}
          />
        )}
        <button type="button" class="button primary end" onClick={() => openDialog('new')}>
          New environment
        </button>
      </div>
      <p class="lead">
        Each environment has its own flags, history and tokens: production, staging, one for a team.
      </p>
      {read.state === 'waiting' && <Waiting />}
      {read.state === 'failed' && <Failed error={read.error} retry={reload} />}
      {read.state === 'ready' && (
        <Table environments={read.value.filter(({ name }) => name.includes(search))} />
      )}
      {openedAbout('new') !== undefined && read.state === 'ready' && (
        <NewEnvironmentDialog names={read.value.map(({ name }) => name)} onCreated={changed} />
      )}
      {removing && (
        <ConfirmDialog
          title={`Remove the environment ${removing.name}?`}
          action="Remove"
          name={removing.name}
          asksReason
          isDanger
          run={async (reason) => {
            const { name, revision } = removing;
            await api('DELETE', environmentPath(name), { reason, headers: { 'if-match': `"${revision}"` } });
            changed();
          }}
        >
          <p>
            Services that use it get no flags any more, and run on their defaults. Its history is kept aside
            on the server.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

function Table({ environments }: { readonly environments: readonly Environment[] }): JSX.Element {
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" class="number">
              Flags
            </th>
            <th scope="col" class="number">
              Revision
            </th>
            <th scope="col">State</th>
            <th scope="col">
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {environments.map((environment) => (
            <tr key={environment.name}>
              <td>
                <a href={screenHref(environment.name, 'flags')}>{environment.name}</a>
              </td>
              <td class="number">{environment.flags}</td>
              <td class="number">{shortRevision(environment.revision)}</td>
              <td>
                <State of={environment} />
              </td>
              <td class="number">
                {environment.name !== 'default' && !environment.readOnly && (
                  <button
                    type="button"
                    class="button small plain"
                    aria-label={`Remove ${environment.name}`}
                    onClick={() => openDialog('remove', environment.name)}
                  >
                    Remove…
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function State({ of: environment }: { readonly of: Environment }): JSX.Element {
  const { readOnly, degraded } = environment;
  if (degraded) {
    return (
      <>
        <span class="badge bad">needs attention</span>{' '}
        <span class="soft small">{faultsOf(environment).join(' ')}</span>
      </>
    );
  }
  return readOnly ? <span class="badge warn">read only</span> : <span class="badge good">in order</span>;
}
