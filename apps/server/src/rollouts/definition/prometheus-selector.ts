/** A PromQL selector of one metric. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly LabelMatcher[];
}

export interface LabelMatcher {
  readonly label: string;
  readonly operator: '=' | '=~' | '!=' | '!~';
  readonly value: string;
}

const metricName = /^[A-Za-z_:][\w:]*/;
const matcher = /\s*([A-Za-z_]\w*)\s*(=~|!=|!~|=)\s*("(?:[^"\\]|\\.)*")\s*(?:,|$)/y;

/** The longest query, in characters. */
const maxCharacters = 2000;

/**
 * Reads `metric{label="value"}`, plain or as `sum by (lane) (…)`, as `graylane-slis` writes it.
 * Returns what is wrong with any other query, as the end of a sentence.
 */
export function readSelector(query: string): Selector | string {
  if (query.length > maxCharacters) return `has more than ${maxCharacters} characters`;
  const [, inner] = /^sum\s*by\s*\(\s*lane\s*\)\s*\((.*)\)$/s.exec(query.trim()) ?? [];
  const text = (inner ?? query).trim();
  const [metric] = metricName.exec(text) ?? [];
  const rest = metric === undefined ? '' : text.slice(metric.length).trim();
  if (metric === undefined || (rest !== '' && !(rest.startsWith('{') && rest.endsWith('}')))) {
    return 'must be one selector such as http_server_request_duration_seconds_count{http_route="/pay"}';
  }
  const matchers = readMatchers(rest.slice(1, -1));
  return typeof matchers === 'string' ? matchers : { metric, matchers };
}

function readMatchers(text: string): readonly LabelMatcher[] | string {
  const matchers: LabelMatcher[] = [];
  matcher.lastIndex = 0;
  while (matcher.lastIndex < text.trimEnd().length) {
    const at = matcher.lastIndex;
    const [, label = '', operator = '=', value = ''] = matcher.exec(text) ?? [];
    if (label === '') return `has no label matcher at ${JSON.stringify(text.slice(at, at + 40))}`;
    if (label === 'lane') return 'selects a lane: the guard selects the lanes itself';
    matchers.push({ label, operator: operator as LabelMatcher['operator'], value: unquote(value) });
  }
  return matchers;
}

/** Of Go's escapes, JSON has those that occur in labels. */
function unquote(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1).replaceAll(/\\(.)/gs, '$1');
  }
}
