import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../log.ts';
import type { WebhookEvent } from './event.ts';
import { messageOf, type Message } from './message.ts';
import { send } from './send.ts';
import type { Webhook } from './webhook.ts';

/** The messages that wait for one webhook; more drop the oldest. */
const maxWaiting = 1000;

/** The pauses between the attempts of a message, in seconds: about 40 minutes in all. */
const pauses = [1, 5, 15, 60, 300, 600, 1200] as const;

/** How long the end of the server waits for the last messages, in ms. */
const graceMs = 3000;

/** Delivers events to one webhook, one after another, each until it is accepted or too old. */
export class Delivery {
  readonly #webhook: Webhook;
  readonly #log: Log;
  readonly #waiting: Message[] = [];
  /** Ends the pauses, and then the attempt under way. */
  readonly #closing = new AbortController();
  readonly #late = new AbortController();
  #working: Promise<void> | undefined;

  constructor(webhook: Webhook, log: Log) {
    this.#webhook = webhook;
    this.#log = log;
  }

  /** Queues an event, if the webhook wants it. */
  add(event: WebhookEvent): void {
    const { events, environments } = this.#webhook;
    if (!events.has(event.type)) return;
    if ('environment' in event && environments?.has(event.environment) === false) return;
    if (this.#waiting.length >= maxWaiting) {
      this.#waiting.shift();
      this.#log.warn(`webhook ${this.#name}: ${maxWaiting} messages wait, and the oldest is dropped`);
    }
    this.#waiting.push(messageOf(event, this.#webhook));
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  /** Tries once more to deliver what waits, for at most 3 s; the rest is lost, and logged. */
  async close(): Promise<void> {
    this.#closing.abort();
    const late = setTimeout(() => this.#late.abort(), graceMs);
    await this.#working;
    clearTimeout(late);
    const lost = this.#waiting.length;
    if (lost > 0) this.#log.warn(`webhook ${this.#name}: ${lost} messages were not delivered`);
  }

  get #name(): string {
    return new URL(this.#webhook.url).host;
  }

  async #work(): Promise<void> {
    for (let message = this.#waiting[0]; message; message = this.#waiting[0]) {
      if (!(await this.#deliver(message))) return;
      if (this.#waiting[0] === message) this.#waiting.shift();
    }
  }

  /** Returns whether the message needs no further attempt. */
  async #deliver(message: Message): Promise<boolean> {
    const { signal } = this.#closing;
    for (const seconds of [...pauses, undefined]) {
      const attempt = await send(message, this.#webhook, this.#late.signal);
      if (attempt.result === 'delivered') return true;
      if (attempt.result === 'failed' && signal.aborted) return false;
      if (attempt.result === 'refused' || seconds === undefined) {
        this.#log.warn(`webhook ${this.#name}: a message was not delivered: ${attempt.reason}`);
        return true;
      }
      const delay = (attempt.retryAfterS ?? seconds) * 1000 * (0.75 + 0.5 * Math.random());
      await pause(delay, undefined, { signal, ref: false }).catch(() => {
        // The server is shutting down: one more attempt.
      });
    }
    return true;
  }
}
