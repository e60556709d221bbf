import type { ServerResponse } from 'node:http';
import { Backlog } from '../backpressure/backlog.ts';
import type { StreamMetrics } from '../metrics/stream-metrics.ts';
import type { Frame } from './frame.ts';
import type { Tokens } from '../tokens/tokens.ts';
import { HeartbeatWheel } from './heartbeat-wheel.ts';
import { reconnectSpreadMs } from './reconnect-delay.ts';
import { Subscriber, type EventLog, type Shared, type StreamStart } from './subscriber.ts';

/** How streams are kept. */
export interface EventStreamsOptions {
  /**
   * The time after which a client that reads nothing is cut off, in milliseconds. Default: 30,000.
   */
  readonly stalledMs?: number;
  readonly metrics?: StreamMetrics | undefined;
}

/**
 * Every open stream of server-sent events, by its log. A frame is one buffer for all subscribers.
 */
export class EventStreams {
  readonly #audiences = new Map<EventLog, Set<Subscriber>>();
  readonly #heartbeats = new HeartbeatWheel<Subscriber>((one) => one.beat(reconnectSpreadMs(this.#size)));
  readonly #shared: Shared;
  readonly #tokens: Pick<Tokens, 'admits'>;
  readonly #metrics: StreamMetrics | undefined;
  #size = 0;

  constructor(
    tokens: Pick<Tokens, 'admits' | 'onChange'>,
    { stalledMs = 30_000, metrics }: EventStreamsOptions = {},
  ) {
    this.#tokens = tokens;
    this.#metrics = metrics;
    tokens.onChange(() => this.#endUnadmitted());
    this.#shared = { backlog: new Backlog(), stalledMs };
  }

  /** Serves a client until it disconnects, or is cut off; then calls `onClose`. */
  open(response: ServerResponse, log: EventLog, start: StreamStart, onClose: () => void = () => {}): void {
    if (!this.#tokens.admits(start.principal)) {
      // The token was revoked while the first frames were written.
      onClose();
      response.destroy();
      return;
    }
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      ...start.headers,
    });
    const subscriber = new Subscriber(response, log, this.#shared, start);
    const audience = this.#audiences.get(log) ?? new Set();
    this.#audiences.set(log, audience.add(subscriber));
    this.#size += 1;
    const { protocol } = start;
    this.#metrics?.opened(protocol);
    const beats = this.#heartbeats.add(subscriber, start.heartbeatS);
    response.on('close', () => {
      beats.delete(subscriber);
      audience.delete(subscriber);
      subscriber.close();
      onClose();
      this.#size -= 1;
      this.#metrics?.closed(protocol);
    });
    subscriber.begin(start.first, reconnectSpreadMs(this.#size));
  }

  /** The bytes that wait for slow clients. */
  get backlogBytes(): number {
    return this.#shared.backlog.bytes;
  }

  /** Sends a frame to all subscribers of this log. */
  send(log: EventLog, frame: Frame): void {
    for (const subscriber of this.#audiences.get(log) ?? []) subscriber.send(frame);
  }

  /** Ends the streams of this log, with delays that spread the reconnects. */
  end(log: EventLog): void {
    const audience = this.#audiences.get(log) ?? new Set();
    this.#audiences.delete(log);
    for (const subscriber of audience) subscriber.end(reconnectSpreadMs(this.#size));
  }

  /** Ends the streams whose token is no longer valid. */
  #endUnadmitted(): void {
    for (const audience of this.#audiences.values()) {
      for (const subscriber of audience) {
        if (this.#tokens.admits(subscriber.principal)) continue;
        audience.delete(subscriber);
        subscriber.end(reconnectSpreadMs(this.#size));
      }
    }
  }

  close(): void {
    for (const log of this.#audiences.keys()) this.end(log);
    this.#heartbeats.close();
  }
}
