import type { IncomingMessage } from 'node:http';
import { defaultEnvironment } from '../store/environments.ts';

/**
 * The environment in the header `Graylane-Environment` of a request; `default` without the header.
 */
export function environmentOf({ headers }: IncomingMessage): string {
  const name = headers['graylane-environment'];
  return typeof name === 'string' && name !== '' ? name : defaultEnvironment;
}
