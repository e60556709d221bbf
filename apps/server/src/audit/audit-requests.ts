import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientAddress } from '../http/front-door/client-address.ts';
import { knownPrincipalOf, principalOf, type AnyRequest } from '../http/front-door/principal.ts';
import { accessOf, isStream, routeNameOf } from '../http/front-door/route-scopes.ts';
import { httpStatusOf } from '../http/http-status.ts';
import { refusalOf } from '../metrics/refusal-metrics.ts';
import type { RequestError } from '../model/request-error.ts';
import type { RequestAudit } from './request-audit.ts';

const maxName = 63;

interface Audited {
  readonly audit: RequestAudit;
  readonly addressOf: ClientAddress;
}

/**
 * Keeps a request that the front door did not admit for want of the right token: a stream, an
 * evaluation, a gRPC call or telemetry. Those of the admin API are kept when they end.
 */
export function auditRefusal(
  { audit, addressOf }: Audited,
  request: AnyRequest,
  refusal: RequestError,
): void {
  const { method = '', url = '' } = request;
  const route = routeNameOf(url);
  const isDenied = refusal.code === 'unauthenticated' || refusal.code === 'forbidden';
  if (!isDenied || (url.startsWith('/api/v1/') && !isStream(route))) return;
  const access = accessOf(method, url);
  const refused = {
    author: knownPrincipalOf(request)?.name ?? null,
    address: withoutPrefix(addressOf(request)),
    environment: (access !== 'open' && access.environment?.slice(0, maxName)) || null,
    method,
    route: route ?? null,
    status: httpStatusOf(refusal),
    code: refusal.code,
    revision: null,
  };
  audit.refuse(refused, Date.now());
}

/** The address of a client, IPv4 in its own form; null if the connection is gone. */
function withoutPrefix(address: string): string | null {
  return address.replace(/^::ffff:/, '') || null;
}

/**
 * Keeps, at its end, a write to the admin API with its origin, and a request to the admin API that
 * was refused: any write, and a read without the right token.
 */
export function auditRequest(
  { audit, addressOf }: Audited,
  request: IncomingMessage,
  response: ServerResponse,
  route: string | undefined,
): void {
  const { method = '', url = '' } = request;
  const access = accessOf(method, url);
  if (access === 'open') return;
  const address = withoutPrefix(addressOf(request));
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
