import { randomUUID } from 'node:crypto';
import type { Clients } from '../clients/clients.ts';
import type { RefusalMetrics } from '../metrics/refusal-metrics.ts';
import type { Intake } from '../signals/intake.ts';
import type { KillingEnvironments } from '../store/kill/killing-environments.ts';
import type { Log } from '../log.ts';
import { EnvironmentFile } from '../store/disk/environment-file.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { AuditQueue } from './audit-queue.ts';
import type { UpstreamEnvironments } from './upstream-environments.ts';
import { UsageForwarder } from './usage-forwarder.ts';

/** The parts of a relay that it reports of. */
export interface ReportsUpstreamOptions {
  readonly relay: UpstreamEnvironments;
  /** Names this server. */
  readonly id: string;
  readonly environments: KillingEnvironments;
  readonly clients: Clients;
  readonly refusals: RefusalMetrics;
  readonly intake: Intake;
  readonly audit: AuditLog;
  /** The folder of the cache. Default: records that wait are lost with the process. */
  readonly cache?: string | undefined;
  readonly log: Log;
}

const losses = {
  unreadable: 'so the upstream server may miss kills and refusals of an earlier process',
  unwritable: 'so a restart would lose the records that wait for the upstream server',
};

/**
 * Reports to the upstream server: the clients that confirm a revision, usage, kills that are held
 * here, refusals, and the records of relays below. Returns a function that ends it.
 */
export function reportUpstream(options: ReportsUpstreamOptions): () => Promise<void> {
  const { relay, id, environments, clients, refusals, intake, audit, cache, log } = options;
  const path = cache === undefined ? undefined : `${cache}/audit-queue.json`;
  const file = new EnvironmentFile<readonly unknown[]>(path, losses, log);
  relay.reportClients(clients, (name) => environments.get(name));
  const ends = relay.followed.map(({ name, store, link: { client } }) => {
    const usage = new UsageForwarder({ environment: name, instance: id, client }, intake);
    const queue = new AuditQueue({ relay: id, environment: name, client, store, file });
    const killing = environments.get(name);
    const endHeld = killing?.onHeld((kind, target, { author = 'anonymous', reason }) => {
      queue.add({ kind, id: randomUUID(), at: new Date().toISOString(), ...target, author, reason });
    });
    audit.onRecords((of, records) => {
      if (of === killing) for (const record of records) queue.add(record);
    });
    return { queue, usage, endHeld };
  });
  // A refusal belongs to the server, not to an environment: the first one reports it.
  const endRefusals = refusals.onRefusal((protocol, reason) => ends[0]?.queue.refuse(protocol, reason));
  return async () => {
    endRefusals();
    for (const { queue, endHeld } of ends) {
      queue.close();
      endHeld?.();
    }
    await Promise.all([file.settled(), ...ends.map(({ usage }) => usage.close())]);
  };
}
