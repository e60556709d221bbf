import { randomUUID } from 'node:crypto';

/**
 * The name of this service: that of its telemetry (`OTEL_SERVICE_NAME` or
 * `OTEL_RESOURCE_ATTRIBUTES`), else that of its package.
 */
export function serviceName(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['OTEL_SERVICE_NAME'] || attributeOf(env['OTEL_RESOURCE_ATTRIBUTES'], 'service.name');
  return named || env['npm_package_name'] || 'unknown_service';
}

/** Names this process; another one after each start. */
export const instanceId: string = randomUUID();

function attributeOf(attributes: string | undefined, name: string): string | undefined {
  for (const pair of attributes?.split(',') ?? []) {
    const [key = '', value = ''] = pair.split('=', 2);
    if (key.trim() === name) return decode(value.trim());
  }
  return undefined;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
