import { joinPath, type Problem } from '@graylane/flags';
import { isObject } from '../is-object.ts';
import { eventTypes, type EventType } from './event.ts';

/** Where events are sent, and which. */
export interface Webhook {
  readonly url: string;
  /** The key of the signature, decoded; undefined if messages are not signed. */
  readonly secret: Buffer | undefined;
  readonly events: ReadonlySet<EventType>;
  /** Undefined for all environments. */
  readonly environments: ReadonlySet<string> | undefined;
  readonly format: 'json' | 'slack';
  /** Whether the address may be private, or of this machine, and without TLS. */
  readonly private: boolean;
}

const members = ['url', 'secret', 'events', 'environments', 'format', 'private'];

/**
 * Reads a file of webhooks: `{ "webhooks": [{ "url": … }] }`. Returns all faults, if there are any.
 */
export function readWebhooks(value: unknown): readonly Webhook[] | { readonly problems: readonly Problem[] } {
  const sent = isObject(value) ? value['webhooks'] : undefined;
  if (!Array.isArray(sent)) {
    const remedy =
      'use an object with an array, e.g. { "webhooks": [{ "url": "https://example.com/hook" }] }';
    return { problems: [{ path: '$.webhooks', message: 'this is not an array', remedy }] };
  }
  const problems: Problem[] = [];
  const webhooks = (sent as unknown[]).map((one, index) => readOne(one, `$.webhooks[${index}]`, problems));
  return problems.length > 0 ? { problems } : webhooks;
}

function readOne(value: unknown, path: string, problems: Problem[]): Webhook {
  const sent = isObject(value) ? value : {};
  const fault = (name: string, message: string, remedy: string): void => {
    problems.push({ path: joinPath(path, name), message, remedy });
  };
  for (const name of Object.keys(sent)) {
    if (!members.includes(name)) fault(name, 'there is no such member', `use ${members.join(', ')}`);
  }
  const {
    url,
    secret,
    events = eventTypes,
    environments,
    format = 'json',
    private: isPrivate = false,
  } = sent;
  if (typeof isPrivate !== 'boolean') fault('private', 'this is not true or false', 'use true or false');
  if (typeof url !== 'string' || !isAllowedUrl(url, isPrivate === true)) {
    fault(
      'url',
      `this is ${shownUrl(url)}`,
      'use an https: address without a user; http: needs "private": true',
    );
  }
  if (format !== 'json' && format !== 'slack')
    fault('format', `this is ${JSON.stringify(format)}`, 'use "json" or "slack"');
  const key = typeof secret === 'string' ? secretOf(secret) : undefined;
  if (secret !== undefined && key === undefined) {
    fault(
      'secret',
      'this is not a key',
      'use whsec_ and 24 to 64 random bytes in base64, e.g. from: openssl rand -base64 32',
    );
  }
  return {
    url: String(url),
    secret: key,
    events: new Set(readWords(events, 'events', fault, eventTypes)),
    environments:
      environments === undefined ? undefined : new Set(readWords(environments, 'environments', fault)),
    format: format === 'slack' ? 'slack' : 'json',
    private: isPrivate === true,
  };
}

function readWords<W extends string>(
  value: unknown,
  name: string,
  fault: (name: string, message: string, remedy: string) => void,
  allowed?: readonly W[],
): readonly W[] {
  const isWord = (word: unknown): word is W =>
    typeof word === 'string' && (allowed === undefined || allowed.some((one) => one === word));
  if (Array.isArray(value) && value.length > 0 && (value as unknown[]).every(isWord)) return value as W[];
  fault(name, `this is ${JSON.stringify(value)}`, `use an array of ${allowed?.join(', ') ?? 'names'}`);
  return [];
}

/** The address without a password. */
function shownUrl(url: unknown): string {
  return JSON.stringify(url, (_key, value: unknown) =>
    typeof value === 'string' ? value.replace(/\/\/[^/@]*@/, '//***@') : value,
  );
}

function isAllowedUrl(url: string, isPrivate: boolean): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username } = new URL(url);
  return username === '' && (protocol === 'https:' || (isPrivate && protocol === 'http:'));
}

/** The secret of the Standard Webhooks specification: `whsec_` and base64. */
function secretOf(secret: string): Buffer | undefined {
  if (!/^whsec_[A-Za-z0-9+/]+=*$/.test(secret)) return undefined;
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return key.length >= 24 && key.length <= 64 ? key : undefined;
}
