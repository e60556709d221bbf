import { runUndyed } from './messages.ts';

/**
 * @throws {TypeError} if a client has another interface: wrapping it would change nothing, and its
 *   messages would lose their lane.
 */
export function needMethods(owner: string, client: object, names: readonly string[], remedy: string): void {
  const missing = names.find((name) => typeof (client as Methods | undefined)?.[name] !== 'function');
  if (missing === undefined) return;
  throw new TypeError(
    `${owner} takes a client with the interface of kafkajs, but this one has no ${missing}(): use ${remedy}`,
  );
}

/**
 * An `on` whose listeners run in no lane. An event concerns the client, but the client emits it
 * wherever it notices: in the request that happened to connect, or in the message whose handler
 * calls `heartbeat()`.
 */
export function undyedEvents(client: object): Methods {
  const { on } = client as Methods;
  if (typeof on !== 'function') return {};
  return {
    on: (event, listener, ...more) =>
      on.call(client, event, typeof listener === 'function' ? undyed(listener as Method) : listener, ...more),
  };
}

function undyed(listener: Method): Method {
  return (...payload) => runUndyed(() => listener(...payload));
}

type Method = (...args: unknown[]) => unknown;
type Methods = Readonly<Record<string, Method | undefined>>;
