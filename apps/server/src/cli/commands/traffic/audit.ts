import type { components } from '../../../protocols/admin/gen/admin-api.ts';
import { refusal, requestApi, type Server } from '../admin-client.ts';
import { tableText } from './table.ts';

/** The options of `graylane-server audit [TEXT]`. */
export interface AuditOptions extends Server {
  /** Only requests with this in the author, address, environment, route or reason. */
  readonly text?: string | undefined;
  /** Print the response as JSON. */
  readonly json: boolean;
}

/** Prints where writes came from, and the requests that were refused, the newest first. */
export async function auditCommand({ text = '', json, ...server }: AuditOptions): Promise<void> {
  const response = await requestApi(server, `/requests?q=${encodeURIComponent(text)}`);
  if (response.status !== 200) throw refusal(response);
  const { requests } = response.body as components['schemas']['AuditedRequests'];
  const head = ['last', 'times', 'from', 'by', 'request', 'outcome'];
  const rows = requests.map((one) => [
    one.until,
    String(one.count),
    one.address ?? 'several',
    one.author ?? '-',
    `${one.method} ${(one.route ?? 'unknown').replace('{environment}', one.environment ?? '')}`,
    one.code === null ? (one.revision ?? String(one.status)) : `${one.status} ${one.code}`,
  ]);
  if (json) console.log(JSON.stringify(requests, null, 2));
  else process.stdout.write(rows.length === 0 ? 'no request\n' : tableText([head, ...rows]));
}
