import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { connectsAsNamed } from './agent-connection.ts';

/** The listener that `http.request` calls with the response. */
export type OnResponse = (response: IncomingMessage) => void;

/**
 * A call of `http.request` or `https.request` in one shape for all of their signatures.
 */
export interface RequestCall {
  /** The module that makes the request, by the protocol of the options or of the agent. */
  readonly module: typeof http | typeof https;
  /** A copy: the URL's parts, and over them the options. */
  readonly options: RequestOptions;
  readonly onResponse: OnResponse | undefined;
  /**
   * The origin that Node connects to; undefined for a Unix socket, and if the options name no
   * origin.
   */
  readonly destination: string | undefined;
  /** Whether code of the application opens the connection, which may lead elsewhere. */
  readonly mayLeadElsewhere: boolean;
}

/**
 * Reads the arguments as Node does: `(url, options, callback)`, where the URL, the options and the
 * callback may be left out.
 */
export function parseRequestCall(args: readonly unknown[]): RequestCall {
  const rest = [...args];
  const url = isUrl(rest[0]) ? new URL((rest.shift() as string | URL).toString()) : undefined;
  const given =
    typeof rest[0] === 'function' ? undefined : (rest.shift() as RequestOptions | null | undefined);
  const options = { ...(url && urlToHttpOptions(url)), ...given };
  const protocol = options.protocol ?? agentOptions(options.agent).protocol ?? 'http:';
  const module = protocol === 'https:' ? https : http;
  return {
    module,
    options,
    onResponse: rest.find((one) => typeof one === 'function') as OnResponse | undefined,
    destination: destinationOf(options, protocol, module),
    mayLeadElsewhere: isOpenedByOthers(options, module.globalAgent),
  };
}

/** An agent, as far as it decides where a request leads. */
interface DecidingAgent {
  readonly protocol?: string;
  readonly defaultPort?: number | string;
  readonly options?: RequestOptions;
}

/**
 * Node accepts URLs of other implementations, and distinguishes them from the result of the older
 * `url.parse` in the same way.
 */
function isUrl(input: unknown): input is string | URL {
  if (typeof input === 'string') return true;
  const { href, protocol, auth, path } = (input ?? {}) as Partial<Record<string, unknown>>;
  return Boolean(href) && Boolean(protocol) && auth === undefined && path === undefined;
}

/**
 * The options of the agent override those of the request: Node lets an agent lead elsewhere than
 * the URL.
 */
function destinationOf(
  options: RequestOptions,
  protocol: string,
  { globalAgent }: typeof http | typeof https,
): string | undefined {
  const usesGlobalAgent = options.agent === undefined || options.agent === null;
  const agent = usesGlobalAgent && !options.createConnection ? globalAgent : options.agent;
  const { options: held = {}, defaultPort } = agentOptions(agent);
  if (held.socketPath || options.socketPath || held.path) return undefined;
  const name: unknown = held.host || options.hostname || options.host || 'localhost';
  // Node refuses a host of another type, with an error that names it.
  if (typeof name !== 'string') return undefined;
  const port = held.port || options.port || options.defaultPort || defaultPort;
  const authority = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
  const origin = `${protocol}//${authority}${port ? `:${port}` : ''}`;
  return URL.canParse(origin) ? new URL(origin).origin : undefined;
}

/** Whether other code than Node's, or that of a known agent, opens the connection. */
function isOpenedByOthers(
  { agent, createConnection }: RequestOptions,
  globalAgent: http.Agent | undefined,
): boolean {
  if (agent === undefined || agent === null)
    return typeof createConnection === 'function' || !connectsAsNamed(globalAgent);
  // Node makes one of the class of the global agent.
  return !connectsAsNamed(agent === false ? globalAgent : agent);
}

/** The origin that a request to a URL reaches through an agent of `node:http`. */
export function agentDestination(url: URL, agent: unknown): string | undefined {
  const options = { ...urlToHttpOptions(url), agent } as RequestOptions;
  return destinationOf(options, url.protocol, url.protocol === 'https:' ? https : http);
}

function agentOptions(agent: unknown): DecidingAgent {
  return typeof agent === 'object' && agent !== null ? agent : {};
}
