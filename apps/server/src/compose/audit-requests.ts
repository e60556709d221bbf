import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientAddress } from '../http/front-door/client-address.ts';
import { knownPrincipalOf, principalOf } from '../http/front-door/principal.ts';
import { accessOf } from '../http/front-door/route-scopes.ts';
import { refusalOf } from '../metrics/refusal-metrics.ts';
import type { RequestAudit } from '../relay/request-audit.ts';

const maxName = 63;

/**
 * Keeps, at its end, a write to the admin API with its origin, and a request to the admin API that
 * was refused: any write, and a read without the right token.
 */
export function auditRequest(
  { audit, addressOf }: { readonly audit: RequestAudit; readonly addressOf: ClientAddress },
  request: IncomingMessage,
  response: ServerResponse,
  route: string | undefined,
): void {
  const { method = '', url = '' } = request;
  const access = accessOf(method, url);
  if (access === 'open') return;
  const address = addressOf(request).replace(/^::ffff:/, '') || null;
  response.on('close', () => {
    const isWrite = method !== 'GET' && method !== 'HEAD' && ['write', 'admin'].includes(access.scope);
    const { statusCode: status } = response;
    const isDenied = status === 401 || status === 403;
    if (!response.writableFinished || (!isWrite && !isDenied)) return;
    const revision = response.getHeader('graylane-revision');
    const found = {
      // A refused request may not have come as far as its token.
      author: status < 400 ? principalOf(request).name : (knownPrincipalOf(request)?.name ?? null),
      address,
      environment: access.environment?.slice(0, maxName) ?? null,
      method,
      route: route ?? null,
      status,
      code: refusalOf(response) ?? null,
      revision: typeof revision === 'string' ? revision : null,
    };
    if (status < 400) audit.accept(found, Date.now());
    else audit.refuse(found, Date.now());
  });
}
