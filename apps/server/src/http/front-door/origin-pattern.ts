/**
 * Compiles an allowed web origin: `https://shop.example`, `https://*.shop.example` (every
 * subdomain, at any depth, but not the domain itself) or `http://localhost:*` (every port).
 * @throws {RangeError} for anything else, a path included.
 */
export function originPattern(pattern: string): RegExp {
  const [, scheme, wildcard = '', host, port = ''] =
    /^(https?):\/\/(\*\.)?([a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?:\d{1,5}|\*))?$/i.exec(pattern) ?? [];
  if (scheme === undefined || host === undefined) {
    throw new RangeError(
      `${JSON.stringify(pattern)} is not a web origin: use https://shop.example, https://*.shop.example or http://localhost:*`,
    );
  }
  const subdomains = wildcard === '' ? '' : String.raw`(?:[a-z0-9_-]+\.)+`;
  const anyPort = port === ':*' ? String.raw`(?::\d{1,5})?` : port;
  return new RegExp(`^${scheme}://${subdomains}${escape(host)}${anyPort}$`, 'i');
}

function escape(literal: string): string {
  return literal.replaceAll(/[.[\]]/g, String.raw`\$&`);
}
