import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { check } from './check.ts';
import type { MetricNames } from './contract/queries.ts';
import { fileNames, formats, write, type Format } from './contract/write.ts';
import { find } from './source/find.ts';

const usage = `graylane-slis FILE... [--service NAME] [--format openslo|sloth|prometheus|grafana|routes] [--out DIR] [--check]

Reads service level indicators from TypeScript and JavaScript: sli(...) calls, @sli tags before routes of express and
handlers of gRPC. Writes the contract of the service.

  --service NAME       the service's name in the contract (default: OTEL_SERVICE_NAME, or "service")
  --format FORMAT      what to print (default: openslo)
  --out DIR            write the files of all formats there, instead of printing one
  --check              write nothing; fail if a route has no SLI, or a file of DIR is out of date
  --http-metric NAME   the histogram of HTTP requests (default: http_server_request_duration_seconds)
  --rpc-metric NAME    the histogram of procedures (default: rpc_server_call_duration_seconds)
  --rpc-package NAME   the package of the .proto file, e.g. shop (default: none)
`;

/** Where the tool writes; tests have their own. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const processOutput: Output = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

/** Runs the tool; returns the exit code: 0, 1 if a check fails, or 2 for wrong arguments. */
export async function main(args: readonly string[], { out, err }: Output = processOutput): Promise<number> {
  let options;
  try {
    options = readOptions(args);
  } catch (error) {
    err(`graylane-slis: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (options === undefined) {
    out(usage);
    return 0;
  }
  const { files, service, format, folder, isCheck, names } = options;
  const findings = find(new Map(files.map((file) => [file, readFileSync(file, 'utf8')])));
  for (const { what, at } of findings.notFollowed) err(`${at.file}:${at.line}: could not follow ${what}\n`);
  if (folder === undefined && !isCheck) {
    out(write(format, service, findings, names));
    return 0;
  }
  const current = new Map(
    folder === undefined
      ? []
      : formats.map(
          (each) => [join(folder, fileNames[each]), write(each, service, findings, names)] as const,
        ),
  );
  if (isCheck) {
    const committed = new Map(
      [...current.keys()].map((file) => [file, existsSync(file) ? readFileSync(file, 'utf8') : undefined]),
    );
    const problems = check(findings, committed, current);
    for (const problem of problems) err(`${problem}\n`);
    return problems.length === 0 ? 0 : 1;
  }
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  for (const [file, text] of current) writeFileSync(file, text);
  return 0;
}

interface Options {
  readonly files: readonly string[];
  readonly service: string;
  readonly format: Format;
  readonly folder: string | undefined;
  readonly isCheck: boolean;
  readonly names: MetricNames;
}

function readOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      service: { type: 'string' },
      format: { type: 'string', default: 'openslo' },
      out: { type: 'string' },
      check: { type: 'boolean', default: false },
      'http-metric': { type: 'string' },
      'rpc-metric': { type: 'string' },
      'rpc-package': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const format = formats.find((each) => each === values.format);
  if (format === undefined)
    throw new TypeError(`--format ${values.format} does not exist: use one of ${formats.join(', ')}`);
  if (positionals.length === 0)
    throw new TypeError('no files: name those to read, e.g. graylane-slis src/*.ts');
  return {
    files: positionals,
    service: values.service ?? (process.env['OTEL_SERVICE_NAME'] || 'service'),
    format,
    folder: values.out,
    isCheck: values.check,
    names: {
      ...(values['http-metric'] === undefined ? {} : { http: values['http-metric'] }),
      ...(values['rpc-metric'] === undefined ? {} : { rpc: values['rpc-metric'] }),
      ...(values['rpc-package'] === undefined ? {} : { rpcPackage: values['rpc-package'] }),
    },
  };
}
