import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestRunner, type HttpRequestOptions } from './handle-request.ts';

/** The part of Fastify's request that is needed here; a dye rule may look at all of it. */
export interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly headers: IncomingMessage['headers'];
}

/** The part of a Fastify instance that is needed here. */
export interface FastifyInstance {
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequest, reply: { readonly raw: ServerResponse }, done: () => void) => void,
  ): unknown;
}

/** The ingress policy, the dye rule, and how responses name their lane. */
export interface BaggagePluginOptions extends HttpRequestOptions<FastifyRequest> {}

/**
 * A plugin for Fastify 4 and 5: `app.register(baggagePlugin, { ingress, dye })`. All that follows
 * in the instance that registers it, hooks, parsers of bodies and handlers, runs in the request's
 * baggage. Register it twice to dye late: once first, with the ingress policy, and once after
 * authentication, with the dye. Fastify does not start, with a `TypeError`, if the options can't
 * work, e.g. a signing key that is too short.
 */
export function baggagePlugin(
  instance: FastifyInstance,
  options: BaggagePluginOptions,
  done: (error?: Error) => void,
): void {
  try {
    const run = requestRunner('baggagePlugin', withoutRegisterOptions(options));
    instance.addHook('onRequest', (request, reply, next) =>
      run(request.raw, reply.raw, () => next(), request),
    );
    done();
  } catch (error) {
    // Fastify takes errors of plugins from here: `app.ready()` and `app.listen()` reject with it.
    done(error as Error);
  }
}

/** Fastify passes its own options of `register` on to the plugin. */
function withoutRegisterOptions(options: BaggagePluginOptions): BaggagePluginOptions {
  const {
    prefix: _prefix,
    logLevel: _level,
    logSerializers: _serializers,
    ...ours
  } = options as Record<string, unknown>;
  return ours;
}

/**
 * Makes the hooks those of the instance that registers the plugin, not of a scope of the plugin's
 * own.
 */
Object.assign(baggagePlugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'graylane-baggage',
});
