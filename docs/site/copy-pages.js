import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';

const source = 'https://github.com/graylane/graylane/blob/main';

/**
 * Copies the Markdown pages of a folder. A README becomes the index of its folder, and links that
 * leave the folder, e.g. to a test, lead to the repository.
 */
export function copyPages(from, to) {
  const files = readdirSync(from, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !file.startsWith('site/'));
  for (const image of files.filter(isImage)) {
    mkdirSync(dirname(join(to, image)), { recursive: true });
    copyFileSync(join(from, image), join(to, image));
  }
  for (const page of files.filter((file) => file.endsWith('.md'))) {
    const target = join(to, indexOf(page));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, adapt(readFileSync(join(from, page), 'utf8'), page, from));
  }
}

/** The page with its links adapted, outside of code. */
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
  if (isImage(target)) return path.startsWith('.') ? path : `./${path}`;
  if (!target.endsWith('.md')) return `${source}/docs/${target}`;
  return indexOf(path);
}

function isImage(file) {
  return /\.(png|svg|jpe?g)$/.test(file);
}

function indexOf(page) {
  return page.replace(/(^|\/)README\.md$/, '$1index.md');
}
