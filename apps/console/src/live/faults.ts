import type { Schema } from '../api/request.ts';
import { isRecord } from '../json/values.ts';

/** The most problems of a document that are named. */
const maxNamed = 3;

/** The faults of a degraded environment as sentences; each source has its own members. */
export function faultsOf({ details }: Schema<'EnvironmentSummary'>): readonly string[] {
  const { note, file, source, message, problems, disk, database, upstream, heldKills } = details;
  const listed = Array.isArray(problems) ? problems.filter(isRecord) : [];
  const found = [
    ...listed.slice(0, maxNamed).map((one) => inWords(file, `${text(one['path'])}: ${text(one['message'])}`)),
    listed.length > maxNamed && `${listed.length - maxNamed} more problems`,
    message !== undefined && inWords(source, text(message)),
    isRecord(disk) && text(disk['message']),
    isRecord(database) && text(database['message']),
    isRecord(upstream) &&
      upstream['connected'] === false &&
      inWords(upstream['url'], text(upstream['reason'])),
    isRecord(heldKills) && `Kills ${text(heldKills['note'])}`,
    note,
  ].filter((one) => typeof one === 'string' && one !== '');
  return found.length > 0
    ? found.map((one) => sentenceOf(String(one)))
    : ['The server’s log names the fault.'];
}

function inWords(place: unknown, fault: string): string {
  return place === undefined ? fault : `${text(place)}: ${fault}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function sentenceOf(fault: string): string {
  return `${fault.charAt(0).toUpperCase()}${fault.slice(1)}${fault.endsWith('.') ? '' : '.'}`;
}
