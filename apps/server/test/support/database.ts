import { createServer, type RunningServer, type Settings } from '@graylane/server';

/** A replica over a database, as operators run it. */
export interface ServedReplica {
  readonly url: string;
  readonly managementUrl: string;
  /** The lines that were logged so far. */
  readonly logged: readonly string[];
  readonly server: RunningServer;
}

/** Serves a database on free ports. The caller closes the server. */
export async function serveDatabase(
  database: string,
  {
    directDatabase,
    cache,
    ...settings
  }: Partial<Settings> & { readonly directDatabase?: string; readonly cache?: string } = {},
): Promise<ServedReplica> {
  const logged: string[] = [];
  const log = { info: (text: string) => logged.push(text), warn: (text: string) => logged.push(text) };
  const server = await createServer(
    { source: { database, directDatabase, cache }, port: 0, grpcPort: 0, managementPort: 0, ...settings },
    log,
  );
  return {
    url: `http://127.0.0.1:${server.port}`,
    managementUrl: `http://127.0.0.1:${server.managementPort}`,
    logged,
    server,
  };
}
