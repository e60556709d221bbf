import { defined, type Faults, type Members } from './faults.ts';
import { readOpenSlo } from './open-slo.ts';
import { compilePattern } from './pattern.ts';
import type { Sli } from './sli.ts';

const remedy =
  'use an array of 1 to 20 objects { name, service, metric, kind: "latency" | "errors", bad?, selector? }, or slisFrom';

/** The most attributes that one SLI names. */
const maxNames = 20;

/** Reads the SLIs of a guard. */
export function readSlis({ slis, slisFrom }: Members, faults: Faults): readonly Sli[] {
  if (slisFrom !== undefined && slis !== undefined) {
    faults.add('$.guard.slisFrom', slisFrom, 'give either slis or slisFrom');
  }
  if (slisFrom !== undefined) return readOpenSlo(slisFrom, '$.guard.slisFrom', faults);
  if (!Array.isArray(slis) || slis.length === 0 || slis.length > 20) {
    faults.add('$.guard.slis', slis, remedy);
    return [];
  }
  const read = (slis as unknown[]).map((sli, index) => readSli(sli, `$.guard.slis[${index}]`, faults));
  for (const [index, { name }] of read.entries()) {
    if (read.findIndex((one) => one.name === name) === index) continue;
    faults.add(`$.guard.slis[${index}].name`, name, 'give each SLI a name of its own');
  }
  return read;
}

function readSli(sent: unknown, path: string, faults: Faults): Sli {
  const members = faults.members(sent, path, ['name', 'service', 'metric', 'kind', 'bad', 'selector']);
  const { kind: sentKind, bad, selector } = members;
  const must = (name: string, example: string): string => {
    const at = `${path}.${name}`;
    const value = faults.string(members[name], at, `use a string, e.g. "${example}"`, isShort);
    return faults.required(value, members[name], at, `use a string, e.g. "${example}"`) ?? '';
  };
  const name = must('name', 'payments latency');
  if (name === '__proto__') faults.add(`${path}.name`, name, 'use another name');
  const measured = {
    name,
    service: must('service', 'payments'),
    metric: must('metric', 'http.server.request.duration'),
    selector: selector === undefined ? undefined : readStrings(selector, `${path}.selector`, faults),
  };
  const word = faults.word(sentKind, `${path}.kind`, ['latency', 'errors'] as const);
  const kind = faults.required(word, sentKind, `${path}.kind`, 'use "latency" or "errors"') ?? 'latency';
  if (kind === 'latency') {
    if (bad !== undefined) faults.add(`${path}.bad`, bad, 'leave it out: it belongs to kind "errors"');
    return defined({ ...measured, kind });
  }
  return defined({ ...measured, kind, bad: readBad(bad, `${path}.bad`, faults) });
}

function readBad(sent: unknown, path: string, faults: Faults): Readonly<Record<string, string>> {
  const bad = readStrings(sent, path, faults);
  const example = 'e.g. { "http.response.status_code": "5.." }';
  if (Object.keys(bad).length === 0)
    faults.add(path, sent, `name an attribute and its bad values, ${example}`);
  for (const [name, pattern] of Object.entries(bad)) {
    try {
      compilePattern(pattern);
    } catch {
      const ofPattern = `use a regular expression in RE2's syntax, as Prometheus has it, ${example}`;
      faults.add(`${path}[${JSON.stringify(name)}]`, pattern, ofPattern);
    }
  }
  return bad;
}

function readStrings(sent: unknown, path: string, faults: Faults): Readonly<Record<string, string>> {
  const names = Object.keys(Object(sent) as object);
  if (names.length > maxNames) {
    const message = `this has ${names.length} members`;
    faults.problems.push({ path, message, remedy: `name at most ${maxNames} attributes` });
    return {};
  }
  const members = Object.entries(faults.members(sent, path, names));
  return Object.fromEntries(
    members.flatMap(([name, value]) => {
      const text = faults.string(value, `${path}[${JSON.stringify(name)}]`, 'use a string', isShort);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

function isShort(text: string): boolean {
  return text !== '' && text.length <= 200;
}
