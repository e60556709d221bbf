import type { Client } from '../../clients/client.ts';
import type { EnvironmentClients } from '../../clients/environment-clients.ts';

/** The number of clients that one response lists. */
const maxListed = 10_000;

/** The clients of an environment, as `GET …/clients` returns them: those that are behind first. */
export function listClients(found: EnvironmentClients | undefined, revision: string): object {
  const { clients, unnamed } = found?.list() ?? { clients: [], unnamed: {} };
  const none = { connected: 0, confirmed: 0, unconfirmable: 0 };
  const count = found?.count(revision) ?? none;
  const now = Date.now();
  const listed = clients
    .map((client) => describe(client, revision, now))
    .toSorted((one, other) => Number(one.current) - Number(other.current));
  return {
    revision,
    ...count,
    unnamed,
    clients: listed.slice(0, maxListed),
    ...(listed.length > maxListed && { omitted: listed.length - maxListed }),
  };
}

function describe(
  { service, instance, revision, reportedAt, streams, downstream }: Client,
  newest: string,
  now: number,
): Listed {
  return {
    service,
    instance,
    revision: revision ?? null,
    current: revision === newest,
    ageSeconds: reportedAt === undefined ? null : Math.round((now - reportedAt) / 1000),
    connected: streams > 0,
    ...(downstream !== undefined && { downstream }),
  };
}

interface Listed {
  readonly current: boolean;
  readonly [name: string]: unknown;
}
