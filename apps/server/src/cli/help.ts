/** What `--help` prints. */
export const help = `graylane-server: serves feature flags over OFREP, flagd's gRPC sync and evaluation, and a change stream.

Usage
  graylane-server --data DIR [options]     serves environments with their history, kept in a folder
  graylane-server --flags FILE [options]   serves one flags file
  graylane-server check FILE               lists what is wrong with a flags file; exits with 1 if anything is
  graylane-server export [FILE]            writes the flags of an environment, or prints them
  graylane-server import FILE              makes a file the flags of an environment, which is created if need be
  graylane-server history [FLAG]           prints who changed what, and why
  graylane-server verify DIR               checks the journals of a data folder; exits with 1 where one was changed

Options
  --flags FILE          the flags file, in flagd's format; edits by hand are taken over   GRAYLANE_FLAGS
  --data DIR            the folder: flags files to edit, and their journals; new if none  GRAYLANE_DATA
  --read-only           refuses writes over the API; edits by hand are taken over         GRAYLANE_READ_ONLY
  --port N              OFREP, admin API, change stream (8080)                            GRAYLANE_PORT
  --grpc-port N         flagd by gRPC, gRPC-Web and Connect (8015)                        GRAYLANE_GRPC_PORT
  --management-port N   health and readiness for operators (9464)                         GRAYLANE_MANAGEMENT_PORT
  --rate-limit N        evaluation requests a second of one client address (no limit)     GRAYLANE_RATE_LIMIT
  --trust-proxy CIDR    a proxy whose X-Forwarded-For names the client; repeatable        GRAYLANE_TRUST_PROXY
  --allow-host NAME     a name beside localhost that the server goes by; repeatable       GRAYLANE_ALLOW_HOST
  --allow-origin ORIGIN a web origin whose pages may evaluate, e.g. https://*.example.com GRAYLANE_ALLOW_ORIGIN
  --url URL             the server that export, import and history ask (port 8080 here)   GRAYLANE_URL
  --environment NAME    their environment (default)
  --reason TEXT         why, for import: it is kept with the change
  --head HASH           what verify printed earlier: it must still be there
  -h, --help            this text
  -v, --version         the version

An option goes before its variable. Port 0 takes a free port. The server listens on loopback only.

Interfaces (port 8080)
  POST /ofrep/v1/evaluate/flags[/KEY]                       OpenFeature Remote Evaluation Protocol
  GET  /ofrep/v1/events                                     server-sent events: when to evaluate again
  GET, PUT, PATCH, DELETE /api/v1/environments/default/flags/KEY
                                                            If-Match to change, If-None-Match: * to create
  GET  /api/v1/openapi.json                                 the whole admin API: segments, history, undo, preview
  GET  /api/v1/environments/default/stream                  server-sent events: a snapshot, then changes
  GET  /healthz, /readyz                                    health, with the mistake in a broken edit

Interfaces on gRPC, gRPC-Web and Connect (port 8015; gRPC needs HTTP/2)
  flagd.sync.v1.FlagSyncService                             for flagd's in-process providers
  flagd.evaluation.v1.Service, flagd.evaluation.v2.Service  for flagd's providers in RPC mode

Example
  graylane-server --flags flags.json
  curl -s localhost:8080/ofrep/v1/evaluate/flags/lane -d '{"context":{"tenant":"internal"}}'
`;
