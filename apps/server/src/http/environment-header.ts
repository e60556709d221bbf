import type { IncomingMessage } from 'node:http';
import { defaultEnvironment } from '../store/environments.ts';

/** The environment that a call names in the header `Graylane-Environment`; `default` where it names none. */
export function environmentOf({ headers }: IncomingMessage): string {
  const name = headers['graylane-environment'];
  return typeof name === 'string' && name !== '' ? name : defaultEnvironment;
}
