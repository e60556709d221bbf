/** Stands for `node:url` outside of Node: the parts of a URL that decide on the destination. */
export function urlToHttpOptions({ protocol, hostname, port }: URL): object {
  return { protocol, hostname: hostname.replace(/^\[|\]$/g, ''), port };
}
