import type { components } from '../../protocols/admin/gen/admin-api.ts';
import { refusal, requestAdmin, type Target } from './admin-client.ts';

/** The options of `graylane-server kill [LANE]`. */
export interface KillOptions extends Target {
  readonly lane: string | undefined;
  readonly flag: string | undefined;
  readonly lift: boolean;
  readonly reason: string | undefined;
  /** How long to wait for the clients, in seconds. */
  readonly waitS: number | undefined;
}

type Killed = components['schemas']['Killed'];
type Kills = components['schemas']['Kills'];

/**
 * Switches a lane or a flag off, or lifts that, and waits for the clients; without either, lists
 * the kills. Returns the exit code: 1 if a client that can confirm has not done so.
 */
export async function killCommand(options: KillOptions): Promise<number> {
  const { lane, flag, lift, reason, waitS = 30, ...target } = options;
  if (lane === undefined && flag === undefined) return list(target);
  const name = lane ?? flag ?? '';
  const kind = lane === undefined ? 'flag' : 'lane';
  const query = `?wait=${waitS}`;
  const headers = reason === undefined ? {} : { 'graylane-reason': encodeURIComponent(reason) };
  const response = await (lift
    ? requestAdmin(target, `/kill/${kind}s/${encodeURIComponent(name)}${query}`, {
        method: 'DELETE',
        headers,
      })
    : requestAdmin(target, `/kill${query}`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ [kind]: name }),
      }));
  if (response.status !== 200) throw refusal(response);
  const { revision, clients, held, warning } = response.body as Killed;
  if (warning !== undefined) console.error(`warning: ${warning}; is the name right?`);
  if (held !== undefined) {
    console.error(`warning: in force on this server alone, and written when that is possible: ${held}`);
  }
  console.log(`${kind} ${name} is ${lift ? 'in use again' : 'off'} at revision ${revision}`);
  console.log(confirmationLine(clients));
  return clients.confirmed + clients.unconfirmable < clients.connected ? 1 : 0;
}

/** E.g. "1,000 of 1,000 clients, last after 310 ms". */
function confirmationLine({ connected, confirmed, unconfirmable, lastMs }: Killed['clients']): string {
  const last = lastMs === null ? '' : `, last after ${lastMs.toLocaleString('en-US')} ms`;
  const silent =
    unconfirmable === 0
      ? ''
      : `; ${unconfirmable.toLocaleString('en-US')} of them cannot confirm (flagd, OFREP, other readers of the stream)`;
  return `${confirmed.toLocaleString('en-US')} of ${connected.toLocaleString('en-US')} clients${last}${silent}`;
}

async function list(target: Target): Promise<number> {
  const response = await requestAdmin(target, '/kill');
  if (response.status !== 200) throw refusal(response);
  const { kills } = response.body as Kills;
  for (const { lane, flag, at, author, reason, held } of kills) {
    const name = lane === undefined ? `flag ${flag}` : `lane ${lane}`;
    const rest = [at, author, reason, held ? '(on this server alone)' : undefined];
    console.log([name, ...rest.filter((part) => part !== undefined)].join('  '));
  }
  if (kills.length === 0) console.log('nothing is killed');
  return 0;
}
