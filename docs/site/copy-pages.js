import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

const source = 'https://github.com/graylane/graylane/blob/main';

/**
 * Copies the Markdown pages of a folder. A README becomes the index of its folder, and links that
 * leave the folder, e.g. to a test, lead to the repository.
 */
export function copyPages(from, to) {
  const pages = readdirSync(from, { recursive: true, encoding: 'utf8' })
    .map((page) => page.replaceAll('\\', '/'))
    .filter((page) => page.endsWith('.md') && !page.startsWith('site/'));
  for (const page of pages) {
    const target = join(to, indexOf(page));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, adapt(readFileSync(join(from, page), 'utf8'), page, from));
  }
}

/** The page with its links adapted, outside of code. Vue would read `{{` as an expression. */
function adapt(text, page, from) {
  return text
    .split(/^(```.*?^```)$/ms)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part.replaceAll(/\]\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?\)/g, (_whole, path, anchor = '') => {
            return `](${linkOf(path, page, from)}${anchor})`;
          }),
    )
    .join('');
}

function linkOf(path, page, from) {
  const target = posix.join(posix.dirname(page), path);
  const full = join(from, target);
  if (target.startsWith('..'))
    return posix.join(source.replace('://', ':/'), 'docs', target).replace(':/', '://');
  if (existsSync(full) && statSync(full).isDirectory()) return `${path.replace(/\/$/, '')}/index.md`;
  if (!target.endsWith('.md')) return `${source}/docs/${target}`;
  return indexOf(path);
}

function indexOf(page) {
  return page.replace(/(^|\/)README\.md$/, '$1index.md');
}
