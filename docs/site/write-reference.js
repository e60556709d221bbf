import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Application, Converter, ReflectionKind } from 'typedoc';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Writes one page for each import path of the libraries, from the docstrings of their exports. */
export async function writeReference(folder) {
  const paths = importPaths();
  const app = await Application.bootstrapWithPlugins({
    entryPoints: [...paths.keys()],
    tsconfig: fileURLToPath(new URL('tsconfig.json', import.meta.url)),
    plugin: ['typedoc-plugin-markdown'],
    name: 'API reference',
    readme: 'none',
    outputFileStrategy: 'modules',
    outputs: [{ name: 'markdown', path: folder }],
    entryFileName: 'index',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    tableColumnSettings: { hideSources: true },
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    sourceLinkTemplate: 'https://github.com/graylane/graylane/blob/main/{path}#L{line}',
    gitRevision: 'main',
    logLevel: 'Warn',
    validation: { invalidLink: true, notExported: false },
    treatWarningsAsErrors: false,
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      const [source] = module.sources ?? [];
      const path = source && paths.get(source.fullFileName);
      if (path !== undefined) module.name = path;
    }
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('TypeDoc could not read the sources; its messages are above');
  await app.generateOutputs(project);
  if (app.logger.hasErrors()) throw new Error('TypeDoc reported errors; they are above');
}

/** The import paths of the libraries, by the file of their sources. */
function importPaths() {
  const paths = new Map();
  for (const name of readdirSync(`${root}packages`)) {
    const manifest = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8'));
    for (const [path, target] of Object.entries(manifest.exports)) {
      const source = target['@graylane/source'];
      if (source === undefined) continue;
      paths.set(`${root}packages/${name}/${source.slice(2)}`, `${manifest.name}${path.slice(1)}`);
    }
  }
  return paths;
}
