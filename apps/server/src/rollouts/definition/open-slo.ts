import { parseAllDocuments } from 'yaml';
import { isObject } from '../../is-object.ts';
import { maxDepth, nestsDeeper } from '../../json-depth.ts';
import type { Faults } from './faults.ts';
import { readSelector, type LabelMatcher, type Selector } from './prometheus-selector.ts';
import type { Sli } from './sli.ts';

const remedy =
  'use the text of an OpenSLO v1 contract (YAML or JSON), e.g. openslo.yaml of graylane-slis, or its objects as an array';

/** YAML is parsed at once, while other requests wait. */
const maxCharacters = 40_000;

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads the SLIs of an OpenSLO v1 contract: a `ratioMetric` of `total` and `bad` counts errors; one
 * whose `good` is a bucket of a histogram compares its latencies, whatever the threshold.
 */
export function readOpenSlo(sent: unknown, path: string, faults: Faults): readonly Sli[] {
  const objects = readObjects(sent);
  if (typeof objects === 'string') {
    faults.problems.push({ path, message: objects, remedy });
    return [];
  }
  const slos = objects.filter(({ kind }) => kind === 'SLO');
  if (slos.length === 0 || slos.length > 20) {
    faults.problems.push({
      path,
      message: `the contract has ${slos.length} objects of the kind SLO`,
      remedy: 'give 1 to 20 of them',
    });
    return [];
  }
  return slos.flatMap((slo) => {
    const name = String(member(slo, 'metadata')['name'] ?? '');
    const result = readSlo(name, slo, objects);
    if (typeof result !== 'string') return [result];
    faults.problems.push({
      path: `${path}, SLO ${JSON.stringify(name)}`,
      message: result,
      remedy: 'change it, or give guard.slis instead',
    });
    return [];
  });
}

function readObjects(sent: unknown): readonly Members[] | string {
  if (Array.isArray(sent)) return (sent as unknown[]).filter(isObject);
  if (typeof sent !== 'string') return 'this is neither a string nor an array';
  if (sent.length > maxCharacters)
    return `the contract has ${sent.length} characters, more than ${maxCharacters}`;
  const bytes = Buffer.from(sent);
  if (nestsDeeper(bytes, maxDepth)) return `the contract nests deeper than ${maxDepth} levels`;
  const documents = [...parseAllDocuments(sent, { logLevel: 'silent' })];
  const [error] = documents.flatMap(({ errors }) => errors);
  if (error !== undefined) return `the contract is not YAML: ${error.message.split('\n', 1)[0]}`;
  try {
    const contents = documents.map((document): unknown => document.toJS({ maxAliasCount: 100 }));
    return contents.flat().filter(isObject);
  } catch (failure) {
    // Aliases that multiply, or that have no anchor.
    return `the contract can't be read: ${(failure as Error).message}`;
  }
}

function readSlo(name: string, slo: Members, objects: readonly Members[]): Sli | string {
  const spec = member(slo, 'spec');
  const service = spec['service'];
  if (name === '' || typeof service !== 'string' || service === '')
    return 'it has no metadata.name or spec.service';
  const indicator =
    'indicatorRef' in spec ? referenced(spec['indicatorRef'], objects) : member(spec, 'indicator');
  if (indicator === undefined) return `there is no SLI ${JSON.stringify(spec['indicatorRef'])}`;
  const ratio = member(member(indicator, 'spec'), 'ratioMetric');
  const total = queryOf(ratio, 'total');
  if (typeof total === 'string') return total;
  if ('bad' in ratio) {
    const bad = queryOf(ratio, 'bad');
    return typeof bad === 'string' ? bad : errorsOf({ name, service }, total, bad);
  }
  const good = queryOf(ratio, 'good');
  if (typeof good === 'string') return good;
  if (!good.metric.endsWith('_bucket'))
    return '"good" is not a bucket of a histogram, so its opposite is unknown: use "bad"';
  const metric = good.metric.slice(0, -'_bucket'.length);
  return { name, service, metric, kind: 'latency', ...selectorOf(total) };
}

function errorsOf(names: Pick<Sli, 'name' | 'service'>, total: Selector, bad: Selector): Sli | string {
  if (bad.metric !== total.metric)
    return `"bad" counts ${bad.metric}, and "total" ${total.metric}: count one metric`;
  const isOfTotal = ({ label, operator, value }: LabelMatcher): boolean =>
    total.matchers.some((one) => one.label === label && one.operator === operator && one.value === value);
  const own = bad.matchers.filter((matcher) => !isOfTotal(matcher));
  const patterns = own.map(({ label, operator, value }) => {
    if (operator === '=~') return [label, value] as const;
    if (operator === '=') return [label, value.replaceAll(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`)] as const;
    return operator === '!=' && value === '' ? ([label, '.+'] as const) : undefined;
  });
  const [only] = patterns;
  if (only === undefined || patterns.length !== 1) {
    return '"bad" must differ from "total" by one label, with =, =~ or !=""';
  }
  const metric = total.metric.replace(/_count$/, '');
  return { ...names, metric, kind: 'errors', bad: { [only[0]]: only[1] }, ...selectorOf(total) };
}

function selectorOf({ matchers }: Selector): Pick<Sli, 'selector'> {
  if (matchers.length === 0) return {};
  return { selector: Object.fromEntries(matchers.map(({ label, value }) => [label, value])) };
}

function queryOf(ratio: Members, part: 'total' | 'bad' | 'good'): Selector | string {
  const query = member(member(member(ratio, part), 'metricSource'), 'spec')['query'];
  if (typeof query !== 'string') return `its ratioMetric has no Prometheus query in "${part}"`;
  const selector = readSelector(query);
  if (typeof selector === 'string') return `the query of "${part}" ${selector}`;
  const other = selector.matchers.find(({ operator }) => operator !== '=');
  if (part === 'total' && other !== undefined)
    return `"total" selects ${other.label} with ${other.operator}: use =`;
  return selector;
}

function referenced(name: unknown, objects: readonly Members[]): Members | undefined {
  return objects.find((one) => one['kind'] === 'SLI' && member(one, 'metadata')['name'] === name);
}

function member(value: Members, name: string): Members {
  const found = value[name];
  return isObject(found) ? found : {};
}
