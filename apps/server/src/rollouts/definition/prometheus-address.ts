/**
 * The address of a Prometheus as a rollout names it: without a user and password, which the
 * server's settings alone have, and always in one spelling. Undefined for another kind of address.
 */
export function prometheusAddress(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, host, pathname } = new URL(address);
  if (!/^https?:$/.test(protocol)) return undefined;
  return new URL(pathname.replace(/(?<=.)\/+$/, ''), `${protocol}//${host}`).href;
}
