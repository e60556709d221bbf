import http from 'node:http';
import https from 'node:https';

/** The methods of an agent that decide which connection a request gets. */
const deciding = ['addRequest', 'createSocket', 'createConnection', 'getName'] as const;

/**
 * Whether an agent is known to connect to the host that its options and those of the request name:
 * one with Node's own methods, one that leads there through a proxy, and those of agentkeepalive.
 * Where the methods of any other agent lead to is unknown.
 */
export function connectsAsNamed(agent: unknown): boolean {
  // Without an agent, Node connects by itself. The global agent of other runtimes is unknown to us.
  if (typeof agent !== 'object' || agent === null) return true;
  return hasNodesMethods(agent) || namesProxy(agent) || isAgentKeepAlive(agent);
}

/** Compared when the request is made, so that a tool may patch Node's own classes. */
function hasNodesMethods(agent: object): boolean {
  return [https.Agent, http.Agent].some((nodes: typeof http.Agent | undefined) => {
    if (nodes === undefined || !(agent instanceof nodes)) return false;
    const [own, known] = [agent, nodes.prototype as object] as Array<Readonly<Record<string, unknown>>>;
    return deciding.every((name) => own?.[name] === known?.[name]);
  });
}

/**
 * The agents of https-proxy-agent, http-proxy-agent, socks-proxy-agent and hpagent have `proxy`,
 * those of tunnel `proxyOptions`, those of proxy-agent `getProxyForUrl`, those of pac-proxy-agent
 * `getResolver`, and those of global-agent `getUrlProxy`.
 */
const proxyMembers = ['proxy', 'proxyOptions', 'getProxyForUrl', 'getResolver', 'getUrlProxy'];

function namesProxy(agent: object): boolean {
  return proxyMembers.some((name) => Boolean((agent as Readonly<Record<string, unknown>>)[name]));
}

/** It overrides `createConnection` to count the connections that Node's own method makes. */
function isAgentKeepAlive(agent: object): boolean {
  const { calcSocketTimeout, createSocketCount } = agent as Readonly<Record<string, unknown>>;
  return typeof calcSocketTimeout === 'function' && typeof createSocketCount === 'number';
}
