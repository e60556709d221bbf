import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { api, type Schema } from '../../api/request.ts';
import { token as session } from '../../api/session.ts';
import { clock, useResource } from '../../live/resource.ts';
import { openDialog, openedAbout } from '../../router/dialog.ts';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { countOf } from '../../ui/numbers.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { NewTokenDialog } from './new-token-dialog.tsx';
import { Secret } from './secret.tsx';

type Token = Schema<'Token'>;

/** The tokens that clients and people authenticate with. */
export function TokensScreen(): JSX.Element {
  const { resource, reload } = useResource(async () => {
    void session.value;
    return (await api<{ tokens: Token[] }>('GET', '/tokens')).body.tokens;
  });
  const secret = useSignal<{ readonly name: string; readonly token: string } | undefined>(undefined);
  const read = resource.value;
  const tokenOf = (id: string | undefined): Token | undefined =>
    read.state === 'ready' ? read.value.find((one) => one.id === id) : undefined;
  const revoking = tokenOf(openedAbout('revoke'));
  const rotating = tokenOf(openedAbout('rotate'));
  return (
    <>
      <div class="head">
        <h1>Tokens</h1>
        {read.state === 'ready' && <span class="soft">{countOf(read.value.length, 'token')}</span>}
        <button type="button" class="button primary end" onClick={() => openDialog('new')}>
          New token
        </button>
      </div>
      {secret.value && <Secret {...secret.value} onClose={() => (secret.value = undefined)} />}
      {read.state === 'waiting' && <Waiting />}
      {read.state === 'failed' && <Failed error={read.error} retry={reload} />}
      {read.state === 'ready' && read.value.length === 0 && (
        <Empty title="This server has no token">
          <p class="lead">
            Until the first one exists, every process of the server’s machine may read and write, and no other
            machine. Make the first one with the scope admin: from then on every request needs a token.
          </p>
        </Empty>
      )}
      {read.state === 'ready' && read.value.length > 0 && <Table tokens={read.value} />}
      {openedAbout('new') !== undefined && (
        <NewTokenDialog
          onCreated={(created) => {
            secret.value = created;
            reload();
          }}
        />
      )}
      {revoking && (
        <ConfirmDialog
          title={`Revoke ${revoking.name}?`}
          action="Revoke"
          name={revoking.name}
          isDanger
          run={async () => {
            await api('DELETE', `/tokens/${revoking.id}`);
            reload();
          }}
        >
          <p>Clients that use it are refused at once. This cannot be undone.</p>
        </ConfirmDialog>
      )}
      {rotating && (
        <ConfirmDialog
          title={`Rotate ${rotating.name}?`}
          action="Rotate"
          run={async () => {
            const { id, name } = rotating;
            const { body } = await api<{ token: string }>('POST', `/tokens/${id}/rotate`);
            secret.value = { name, token: body.token };
            reload();
          }}
        >
          <p>The server makes a new token. The old one stays valid for five minutes.</p>
        </ConfirmDialog>
      )}
    </>
  );
}

function Table({ tokens }: { readonly tokens: readonly Token[] }): JSX.Element {
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Scope</th>
            <th scope="col">Environment</th>
            <th scope="col">Created</th>
            <th scope="col">Expires</th>
            <th scope="col">
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr key={token.id}>
              <td>{token.name}</td>
              <td>
                <span class="badge">{token.scope}</span>
              </td>
              <td>{token.environment ?? <span class="soft">all</span>}</td>
              <td>
                <Time at={token.createdAt} />
              </td>
              <td>
                <Expiry at={token.expiresAt} />
              </td>
              <td class="number">
                <button
                  type="button"
                  class="button small plain"
                  aria-label={`Rotate ${token.name}`}
                  onClick={() => openDialog('rotate', token.id)}
                >
                  Rotate…
                </button>
                <button
                  type="button"
                  class="button small plain"
                  aria-label={`Revoke ${token.name}`}
                  onClick={() => openDialog('revoke', token.id)}
                >
                  Revoke…
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Expiry({ at }: { readonly at: string | undefined }): JSX.Element {
  if (at === undefined) return <span class="soft">never</span>;
  return Date.parse(at) < clock.value ? <span class="badge bad">expired</span> : <Time at={at} />;
}
