import { isIP } from 'node:net';
import { clientAddress } from '../http/front-door/client-address.ts';
import { originPattern } from '../http/front-door/origin-pattern.ts';
import { isLoopbackAddress } from '../http/port/loopback.ts';
import { logFormats, logLevels } from '../logging/log-options.ts';
import { isScope, type Scope } from '../tokens/scope.ts';
import { isDays } from '../tokens/token-record.ts';

/** A kind of value: how a string is parsed, and which values are allowed. */
interface Kind<T> {
  /** Returns undefined for a value that is not allowed. */
  read(text: string): T | undefined;
  /** The allowed values, with an example: the end of the sentence "use …". */
  readonly allowed: string;
}

/** The value of each kind of setting. */
interface Values {
  readonly text: string;
  readonly path: string;
  readonly flags: readonly string[];
  readonly context: string;
  readonly switch: boolean;
  readonly port: number;
  readonly rate: number;
  readonly days: number;
  readonly seconds: number;
  readonly interval: number;
  readonly scope: Scope;
  readonly url: string;
  readonly database: string;
  readonly host: string;
  readonly level: string;
  readonly format: string;
  readonly list: readonly string[];
  readonly attributes: readonly string[];
  readonly origins: readonly string[];
  readonly proxies: readonly string[];
  readonly prometheus: readonly string[];
}

/** The name of a kind of value. */
export type SettingType = keyof Values;

/** A value of any kind. */
export type SettingValue = Values[SettingType];

const kinds: { readonly [Type in SettingType]: Kind<Values[Type]> } = {
  text: { read: (text) => text, allowed: 'a string, e.g. staging' },
  path: { read: (text) => text || undefined, allowed: 'a path, e.g. ./flags.json' },
  flags: {
    read: readFlags,
    allowed: 'paths, or an https: address without a user, e.g. https://config.example/flags.json',
  },
  context: {
    read: (text) => text || undefined,
    allowed: 'a JSON object, or @ and the name of a file with one, e.g. @ada.json',
  },
  switch: { read: readSwitch, allowed: 'true or false' },
  port: { read: readPort, allowed: 'a port number from 0 to 65535, e.g. 8080 (0 takes a free one)' },
  rate: { read: readRate, allowed: 'a number of requests per second above 0, e.g. 100' },
  days: { read: readDays, allowed: 'a number of days above 0, e.g. 90' },
  seconds: { read: readSeconds, allowed: 'a number of seconds from 0 to 604800, e.g. 300' },
  interval: {
    read: (text) => (/^[1-9]\d{0,4}$/.test(text) ? Number(text) : undefined),
    allowed: 'a number of seconds from 1 to 99999, e.g. 30',
  },
  scope: {
    read: (text) => (isScope(text) ? text : undefined),
    allowed: 'evaluate, definitions, write or admin; each includes those before it',
  },
  url: {
    read: readUrl,
    allowed: 'the address of a server, e.g. http://127.0.0.1:8080, without a user and password',
  },
  database: {
    read: (text) => (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text) ? text : undefined),
    allowed: 'the URL of a PostgreSQL: postgres://USER:PASSWORD@HOST:5432/DATABASE',
  },
  host: {
    read: (text) => (isIP(text) > 0 || text === 'localhost' ? text : undefined),
    allowed: 'an address of this machine, e.g. 0.0.0.0 or :: for all',
  },
  level: wordOf(logLevels),
  format: wordOf(logFormats),
  list: { read: readItems, allowed: 'host names, e.g. flags.example.com' },
  attributes: { read: readItems, allowed: 'names of attributes, e.g. tenant or user.plan' },
  origins: {
    read: readAll(originPattern),
    allowed: 'web origins, e.g. https://shop.example, https://*.shop.example or http://localhost:*',
  },
  proxies: {
    read: readAll((proxy) => clientAddress([proxy])),
    allowed: 'addresses, CIDR ranges like 10.0.0.0/8, or loopback, linklocal, uniquelocal',
  },
  prometheus: {
    read: readPrometheus,
    allowed: 'addresses of Prometheus, e.g. http://prometheus:9090 or https://USER:PASSWORD@HOST/prometheus',
  },
};

/** Kinds whose options may be repeated; in a variable their items are separated by commas. */
export const repeatable: ReadonlySet<SettingType> = new Set([
  'flags',
  'list',
  'attributes',
  'origins',
  'proxies',
  'prometheus',
]);

/** The allowed values of a kind, with an example. */
export function allowedFor(type: SettingType): string {
  return kinds[type].allowed;
}

/** Reads a value; undefined if it is not allowed. */
export function readValue(type: SettingType, text: string): SettingValue | undefined {
  return kinds[type].read(text);
}

/** One of several words. */
function wordOf(words: readonly string[]): Kind<string> {
  return { read: (text) => words.find((word) => word === text), allowed: words.join(', ') };
}

function readSwitch(text: string): boolean | undefined {
  if (['0', 'false'].includes(text)) return false;
  return ['1', 'true'].includes(text) ? true : undefined;
}

function readPort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

function readRate(text: string): number | undefined {
  return Number(text) > 0 && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

function readDays(text: string): number | undefined {
  return isDays(Number(text)) ? Number(text) : undefined;
}

function readSeconds(text: string): number | undefined {
  return /^\d{1,6}$/.test(text) && Number(text) <= 604_800 ? Number(text) : undefined;
}

function readUrl(text: string): string | undefined {
  return /^https?:/.test(text) && URL.canParse(text) && !hasUser(text) ? text : undefined;
}

/** Addresses appear in logs, health and messages, which must not show a password. */
function hasUser(address: string): boolean {
  const { username, password } = new URL(address);
  return username !== '' || password !== '';
}

/** Whether a source of flags is an address, rather than a path. */
export function isAddress(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** Over plain HTTP, anyone on the way could change the flags. */
function readFlags(text: string): readonly string[] | undefined {
  const sources = readItems(text);
  const isAllowed = (source: string): boolean =>
    !isAddress(source) ||
    (URL.canParse(source) &&
      !hasUser(source) &&
      (/^https:/i.test(source) || isLoopbackAddress(new URL(source).hostname.replaceAll(/[[\]]/g, ''))));
  return sources.length > 0 && sources.every(isAllowed) ? sources : undefined;
}

function readPrometheus(text: string): readonly string[] | undefined {
  const urls = readItems(text);
  return urls.every((url) => /^https?:\/\/./.test(url) && URL.canParse(url)) ? urls : undefined;
}

function readItems(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Items that are checked by the code that will use them. */
function readAll(use: (item: string) => unknown): (text: string) => readonly string[] | undefined {
  return (text) => {
    const items = readItems(text);
    try {
      for (const item of items) use(item);
      return items;
    } catch {
      return undefined;
    }
  };
}
