/** Stands for `node:net` outside of Node: 6 or 4 for an IP address as a URL has it, else 0. */
export function isIP(host: string): number {
  if (host.includes(':')) return 6;
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) ? 4 : 0;
}
