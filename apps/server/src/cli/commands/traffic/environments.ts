import type { components } from '../../../protocols/admin/gen/admin-api.ts';
import { refusal, requestAdmin, requestApi, type AdminResponse, type Server } from '../admin-client.ts';
import { tableText } from './table.ts';

/** The options of `graylane-server environments [create NAME | remove NAME]`. */
export interface EnvironmentsOptions extends Server {
  /** Default: all environments are listed. */
  readonly change?: { readonly action: 'create' | 'remove'; readonly name: string } | undefined;
  /** Why; it is kept in the history. */
  readonly reason?: string | undefined;
  /** Print the response as JSON. */
  readonly json: boolean;
}

type Environment = components['schemas']['EnvironmentSummary'];

/** Lists the environments of a server, creates an empty one, or removes one with its flags. */
export async function environmentsCommand(options: EnvironmentsOptions): Promise<void> {
  const { change, reason, json, ...server } = options;
  if (change !== undefined) {
    const { action, name } = change;
    const target = { ...server, environment: name };
    const because = reason === undefined ? {} : { 'graylane-reason': encodeURIComponent(reason) };
    if (action === 'create') {
      const headers = { 'if-none-match': '*', ...because };
      taken(await requestAdmin(target, '', { method: 'PUT', headers, body: '{"flags":{}}' }));
    } else {
      const { etag } = taken(await requestAdmin(target, ''));
      const headers = { 'if-match': etag ?? '*', ...because };
      taken(await requestAdmin(target, '', { method: 'DELETE', headers }));
    }
    console.log(`${name}: ${action}d`);
    return;
  }
  const response = taken(await requestApi(server, '/environments'));
  const { environments } = response.body as { readonly environments: readonly Environment[] };
  if (json) console.log(JSON.stringify(environments, null, 2));
  else
    process.stdout.write(tableText([['name', 'flags', 'revision', 'state'], ...environments.map(cellsOf)]));
}

function taken(response: AdminResponse): AdminResponse {
  if (response.status >= 300) throw refusal(response);
  return response;
}

function cellsOf({ name, flags, revision, readOnly, degraded, details }: Environment): string[] {
  const fault = Object.values(details).map(String).join(' ');
  const state = degraded ? `needs attention: ${fault}` : readOnly ? 'read only' : 'in order';
  return [name, String(flags), revision, state];
}
