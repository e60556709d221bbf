import { createHmac, randomUUID } from 'node:crypto';
import type { WebhookEvent } from './event.ts';
import type { Webhook } from './webhook.ts';

/** A message to a webhook: it has the same id and body at every attempt. */
export interface Message {
  readonly id: string;
  readonly body: string;
}

/** The message of an event, in the format of a webhook. */
export function messageOf(event: WebhookEvent, { format }: Pick<Webhook, 'format'>): Message {
  const id = `msg_${randomUUID()}`;
  const { type, at: timestamp, ...data } = event;
  const json = format === 'slack' ? { text: textOf(event) } : { type, timestamp, data };
  return { id, body: JSON.stringify(json) };
}

/** The headers of an attempt, by the Standard Webhooks specification (1.0.0). */
export function headersOf(
  { id, body }: Message,
  { secret }: Pick<Webhook, 'secret'>,
  now: number,
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': timestamp };
  if (secret === undefined) return headers;
  const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}

/** An event in one message of Slack. */
function textOf(event: WebhookEvent): string {
  switch (event.type) {
    case 'revision': {
      const { environment, author, reason, diff, more = 0 } = event;
      const lines = diff.map(
        ({ path, before, after }) => `• \`${path}\`: ${shown(before)} → ${shown(after)}`,
      );
      const rest = more > 0 ? [`• and ${more} more`] : [];
      return [
        escape(`*${environment}* changed by ${author}${reason === undefined ? '' : `: ${reason}`}`),
        ...lines.map(escape),
        ...rest,
      ].join('\n');
    }
    case 'fault':
      return escape(
        `*${event.environment}* ${event.degraded ? `is degraded: ${JSON.stringify(event.details)}` : 'is well again'}`,
      );
    case 'refusals':
      return [
        '*Refused requests*',
        ...event.refusals.map(({ protocol, reason, count }) => `• ${count} by ${protocol}: ${reason}`),
      ].join('\n');
    default:
      return escape(
        `*${event.environment}* rollout of ${event.lane} (${event.flag}) is ${event.state}, by ${event.author}: ${event.because}`,
      );
  }
}

function shown(value: unknown): string {
  if (value === undefined) return 'none';
  const json = JSON.stringify(value);
  return json.length <= 60 ? json : `${json.slice(0, 57)}...`;
}

/** Slack's three control characters: otherwise a reason could mention a whole channel. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
