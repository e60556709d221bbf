import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.js'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && !file.includes('/gen/'));
const sources = files.filter((file) => /^(packages|apps)\/[^/]+\/(src|bin)\/|^scripts\//.test(file));

/**
 * Habits that cost a reader a second look, and how often the best of ten code bases has them per
 * 1,000 comment words.
 */
const habits: readonly (readonly [habit: string, limit: number, pattern: RegExp])[] = [
  [
    'indefinite pronouns',
    0.2,
    /\b(whoever|whatever|whichever|nobody|somebody|someone|anybody|none of whom)\b/gi,
  ],
  ['"is no", "has none"', 1, /(?<!there )\b(is|are|was|were) no\b|\b(is|are|was|were|has|have) none\b/gi],
  ['sentences that begin with "What"', 0.1, /(?:^|[.:!?] )What\b/gm],
  [
    'say, tell, ask and answer for what code does',
    0.5,
    /\b(says?|said|tells?|told|asks?|asked|answers?|answered)\b/gi,
  ],
  ['"text" for a string', 0.7, /\btexts?\b/gi],
];

describe('the language of comments', () => {
  const prose = sources.map((file) => comments(file).join('\n')).join('\n');
  const words = prose.split(/\s+/).filter((word) => /[a-z]/i.test(word)).length;

  test.each(habits)('has %s at most %d times in 1,000 words', (_habit, limit, pattern) => {
    const found = [...prose.matchAll(pattern)].map(({ index }) => lineAt(prose, index));
    expect((found.length / words) * 1000, found.join('\n')).toBeLessThanOrEqual(limit);
  });

  test('is at most 100 columns wide', () => {
    const wide = files.flatMap((file) =>
      lines(file).flatMap((line, index) =>
        /^\s*(\/\/|\/?\*)/.test(line) && line.length > 100 && !/https?:\/\/\S+$/.test(line)
          ? [`${file}:${index + 1}`]
          : [],
      ),
    );
    expect(wide).toEqual([]);
  });
});

describe('the titles of tests', () => {
  const spoken = /\b(says?|said|tells?|told|asks?|asked|answers?|answered|whoever|nobody|somebody)\b/i;
  const title = /^\s*(?:(?:test|describe|it)\b.*?|\]\))\(\s*(['"`])(.+?)\1,/gm;
  const titles = files
    .filter((file) => /\.test\.ts$|contract\.ts$/.test(file))
    .flatMap((file) =>
      [...readFileSync(`${root}${file}`, 'utf8').matchAll(title)].map(([, , words = '']) => words),
    );

  test('have at most 0.5 times in 1,000 words what code does not do: say, tell, ask', () => {
    expect(titles.length).toBeGreaterThan(1000);
    const words = titles.join(' ').split(/\s+/).length;
    const found = titles.filter((each) => spoken.test(each));
    expect((found.length / words) * 1000, found.join('\n')).toBeLessThanOrEqual(0.5);
  });
});

/** The comments of a file, a paragraph each; code in backticks and examples are not prose. */
function comments(file: string): string[] {
  const paragraphs: string[] = [];
  let isOpen = false;
  for (const line of lines(file)) {
    const match = /^\s*(?:\/\/|\/\*\*?|\*(?!\/))\s?(.*?)(?:\s*\*\/)?$/.exec(line);
    const prose = match?.[1]?.replace(/`[^`]*`|https?:\S+/g, '_') ?? '';
    if (match === null || prose === '' || prose.startsWith('@')) isOpen = false;
    if (prose === '') continue;
    if (isOpen) paragraphs[paragraphs.length - 1] += ` ${prose}`;
    else paragraphs.push(prose);
    isOpen = true;
  }
  return paragraphs;
}

function lines(file: string): string[] {
  return readFileSync(`${root}${file}`, 'utf8').split('\n');
}

function lineAt(prose: string, index: number): string {
  return prose.slice(prose.lastIndexOf('\n', index - 1) + 1, prose.indexOf('\n', index)).slice(0, 200);
}
