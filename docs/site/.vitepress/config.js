import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

const pages = fileURLToPath(new URL('../pages', import.meta.url));

/** The sections of the navigation, in the order in which a reader needs them. */
const sections = [
  ['Start', ['getting-started', 'recipes', 'troubleshooting', 'glossary']],
  [
    'Services',
    ['baggage', 'trust-boundary', 'provider', 'evaluation', 'evaluation-context', 'pins', 'observe', 'slis'],
  ],
  ['Adapters', pagesIn('adapters')],
  [
    'Server',
    [
      'flag-server',
      'console',
      'settings',
      'operating',
      'postgresql',
      'relay',
      'usage',
      'security',
      'protocols',
    ],
  ],
  ['Releases', ['rollouts', 'guard', 'kill-switch']],
  ['Coming from', pagesIn('compare')],
  ['API reference', pagesIn('reference')],
  ['Inside', ['architecture', 'principles', 'dependencies', 'releasing']],
  ['Decisions', pagesIn('decisions')],
  ['Benchmarks', pagesIn('benchmarks')],
];
const listed = new Set(['index', ...sections.flatMap(([, names]) => names)]);
const others = ['More', pagesIn('').filter((name) => !listed.has(name))];

export default defineConfig({
  title: 'graylane',
  description: 'Gray releases across services, for Node',
  srcDir: 'pages',
  cleanUrls: true,
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Start', link: '/getting-started' },
      { text: 'Recipes', link: '/recipes' },
      { text: 'Reference', link: '/reference/' },
      { text: 'Decisions', link: '/decisions/' },
    ],
    sidebar: [...sections, others].map(([text, names], index) => ({
      text,
      collapsed: index > 4,
      items: names.filter(exists).map((name) => ({ text: titleOf(name), link: linkTo(name) })),
    })),
    socialLinks: [{ icon: 'github', link: 'https://github.com/graylane/graylane' }],
  },
});

/** The pages of a folder, the index first; of the reference also those of its folders. */
function pagesIn(folder) {
  const path = `${pages}/${folder}`;
  if (!existsSync(path)) return [];
  const files = readdirSync(path, { recursive: folder === 'reference', encoding: 'utf8' });
  const names = files.filter((file) => file.endsWith('.md')).map((file) => file.slice(0, -3));
  names.sort((one, other) => (one === 'index' ? -1 : other === 'index' ? 1 : one.localeCompare(other)));
  return names.map((name) => (folder === '' ? name : `${folder}/${name}`));
}

function exists(name) {
  return existsSync(`${pages}/${name}.md`);
}

function titleOf(name) {
  const [, title = name] = /^# (.+)$/m.exec(readFileSync(`${pages}/${name}.md`, 'utf8')) ?? [];
  return title.replaceAll('`', '');
}

function linkTo(name) {
  return `/${name.replace(/(^|\/)index$/, '$1')}`;
}
