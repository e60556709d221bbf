/** Where a PostgreSQL is, and as whom to connect. */
export interface Address {
  /** The URL as it was given, with the password. */
  readonly url: string;
  /** The URL for messages and logs, without the password. */
  readonly shown: string;
  /** The folder of a Unix socket, from `?host=`; undefined for a host of the network. */
  readonly socketFolder: string | undefined;
}

/**
 * Reads the URL of a database, as libpq does.
 * @throws {Error} if it is not one; the message does not contain it, since it may have a password.
 */
export function parseAddress(text: string): Address {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw new Error(`the URL of the database is malformed: ${remedy}`, { cause: error });
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw new Error(`the URL of the database begins with ${url.protocol}: ${remedy}`);
  }
  const host = url.searchParams.get('host');
  const folder = host?.startsWith('/') ? host : undefined;
  url.searchParams.delete('host');
  url.port ||= url.searchParams.get('port') ?? '';
  url.searchParams.delete('port');
  const given = url.href;
  url.password = '';
  url.search = folder === undefined ? '' : `?host=${folder}`;
  return { url: given, shown: url.href, socketFolder: folder };
}

const remedy = 'use postgres://USER:PASSWORD@HOST:5432/DATABASE';
