import { baggageClientInterceptor, baggageServerInterceptor } from '@graylane/baggage/grpc';
import {
  credentials,
  makeGenericClientConstructor,
  Metadata,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js';
import { callGrpc, listenGrpc } from './receivers.js';

const path = '/graylane.Echo/Say';
const toBytes = (text) => Buffer.from(text);
const echo = {
  say: {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: toBytes,
    requestDeserialize: String,
    responseSerialize: toBytes,
    responseDeserialize: String,
  },
};
const Echo = makeGenericClientConstructor(echo, 'Echo');

export async function clients(egress) {
  const ports = { friend: await listenGrpc(), stranger: await listenGrpc() };
  const interceptors = [
    baggageClientInterceptor({ egress: egress(`grpc://127.0.0.1:${ports.friend.port}`) }),
  ];
  const open = (options) =>
    Object.fromEntries(
      Object.entries(ports).map(([name, { port }]) => [
        name,
        new Echo(`127.0.0.1:${port}`, credentials.createInsecure(), options),
      ]),
    );
  const [ours, plain] = [open({ interceptors }), open({})];
  const carriers = new WeakMap();
  const through =
    (channels) =>
    (name, headers = {}) => {
      // The instrumentation writes into the caller's metadata, so the same headers must mean the
      // same metadata.
      const metadata = carriers.get(headers) ?? new Metadata();
      if (!carriers.has(headers))
        for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
      carriers.set(headers, metadata);
      return new Promise((resolve, reject) =>
        channels[name].say('', metadata, (error) => (error ? reject(error) : resolve())),
      );
    };
  const wrapped = through(ours);
  /** A call out of the callback of another one, on a channel that is not connected yet. */
  const onward = () => {
    const [fresh] = Object.values(open({ interceptors }));
    return new Promise((resolve) =>
      fresh.say('', new Metadata(), () => resolve(wrapped('friend').finally(() => fresh.close()))),
    );
  };
  const close = () => {
    for (const one of [...Object.values(ours), ...Object.values(plain), ...Object.values(ports)]) one.close();
  };
  const nested = async () => {
    const twice = open({ interceptors: [...interceptors, ...interceptors] });
    await through(twice)('friend');
    for (const one of Object.values(twice)) one.close();
  };
  return { wrapped, bare: through(plain), more: { onward, nested }, close };
}

export async function server(ingress, sighting) {
  const own = new Server({ interceptors: ingress ? [baggageServerInterceptor({ ingress })] : [] });
  own.addService(echo, {
    say: (_call, reply) => setTimeout(() => reply(null, sighting()), 1),
  });
  const port = await new Promise((resolve, reject) =>
    own.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { call: (headers) => callGrpc(port, path, headers), close: () => own.forceShutdown() };
}
