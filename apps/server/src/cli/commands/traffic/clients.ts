import { pluralize } from '../../../pluralize.ts';
import type { components } from '../../../protocols/admin/gen/admin-api.ts';
import { refusal, requestAdmin, type Target } from '../admin-client.ts';
import { tableText } from './table.ts';

/** The options of `graylane-server clients`. */
export interface ClientsOptions extends Target {
  /** Print the response as JSON. */
  readonly json: boolean;
}

type Clients = components['schemas']['Clients'];

/** Prints the connected clients, each with the revision that it has confirmed. */
export async function clientsCommand({ json, ...target }: ClientsOptions): Promise<void> {
  const response = await requestAdmin(target, '/clients');
  if (response.status !== 200) throw refusal(response);
  if (json) console.log(JSON.stringify(response.body, null, 2));
  else process.stdout.write(clientsText(response.body as Clients));
}

function clientsText({ revision, connected, confirmed, unconfirmable, unnamed, ...found }: Clients): string {
  const { clients, omitted = 0 } = found;
  const rows = clients.map((client) => [
    client.service,
    client.instance,
    client.revision ?? '-',
    client.current ? 'up to date' : 'behind',
    client.ageSeconds === null ? '-' : `${Math.round(client.ageSeconds)} s ago`,
    client.connected ? '' : 'by another server',
  ]);
  const { changes, flagd, ofrep } = unnamed;
  const others = `streams that cannot confirm: ${changes} of changes, ${flagd} of flagd, ${ofrep} of OFREP\n`;
  const lines = [
    `${confirmed} of ${pluralize(connected - unconfirmable, 'client')} have revision ${revision}\n`,
    rows.length === 0 ? '' : tableText([['service', 'instance', 'revision', '', 'reported', ''], ...rows]),
    omitted === 0 ? '' : `${pluralize(omitted, 'client')} not listed\n`,
    changes + flagd + ofrep === 0 ? '' : others,
  ];
  return lines.filter((line) => line !== '').join('\n');
}
