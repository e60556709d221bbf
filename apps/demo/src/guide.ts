/** The addresses and processes that the guide mentions. */
export interface Running {
  readonly gateway: string;
  readonly flagServer: string;
  readonly flagServerPid: number | undefined;
  readonly flagsFile: string;
  readonly kafka: boolean;
  readonly hasTraffic: boolean;
}

/** Prints commands to paste, in an order that leads a newcomer through the demo. */
export function printGuide(running: Running): void {
  const { gateway, flagServer, flagServerPid, flagsFile, kafka, hasTraffic } = running;
  const { port } = new URL(flagServer);
  const { GRAYLANE_GRPC_PORT: grpcPort, GRAYLANE_MANAGEMENT_PORT: managementPort } = process.env;
  const ports = `--port ${port}${grpcPort ? ` --grpc-port ${grpcPort}` : ''}${managementPort ? ` --management-port ${managementPort}` : ''}`;
  const flag = `${flagServer}/api/v1/environments/default/flags/lane`;
  const stopGuide = `Stop the flag server; the shop keeps deciding. Then start it again, in another terminal and in this folder:
  kill ${flagServerPid}
  node apps/server/bin/graylane-server.js --flags ${flagsFile} ${ports}

`;
  const watchGuide = `
To watch a release defend itself, start one there and break it by a button; the guard takes it back:
  ${flagServer}/e/default/rollouts?start
`;
  console.log(`
The shop is open: gateway -> orders (HTTP) -> payments (gRPC)${kafka ? ' -> ledger (Kafka)' : ''}

The console shows who is gray, and ${hasTraffic ? 'the shop has light traffic of its own (GRAYLANE_DEMO_TRAFFIC=off stops it)' : 'lets you change it'}:
  ${flagServer}/
${hasTraffic ? watchGuide : ''}
An ordinary request is baseline in every service:
  curl -s ${gateway}/checkout

A request of the tenant "internal" is gray in every service, and gets the new fee in Shenzhen:
  curl -s ${gateway}/checkout -H 'x-user-id: ada' -H 'x-tenant-id: internal' -H 'x-region: cn-shenzhen'

A stranger can't dye a request; the edge strips the header:
  curl -s ${gateway}/checkout -H 'baggage: lane=gray'
${kafka ? `\nThe hop of the ledger, by the traceId of a response above:\n  curl -s ${gateway}/ledger/<traceId>\n` : ''}
Change who is gray; the next request obeys. Edit ${flagsFile}
or send the flag (here: all users of tenant "acme"):
  curl -s ${flag} -X PUT -H 'content-type: application/json' \\
    -H "if-match: $(curl -sI ${flag} | tr -d '\\r' | sed -n 's/^etag: //ip')" \\
    -d '{"state":"ENABLED","variants":{"baseline":"baseline","gray":"gray"},"defaultVariant":"baseline",
         "targeting":{"if":[{"==":[{"var":"tenant"},"acme"]},"gray"]}}'
Both change the file, which is a copy: the next start makes it anew.

${flagServerPid === undefined ? '' : stopGuide}Ctrl-C stops everything.`);
}
