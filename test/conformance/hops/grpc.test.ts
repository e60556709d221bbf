import { Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, test } from 'vitest';
import {
  connectEcho,
  serveEcho,
  type Echo,
  type EchoServer,
} from '../../../packages/baggage/test/adapters/grpc-echo.ts';
import { describeWith } from '../../components/components.ts';
import {
  goHop,
  javaHops,
  pythonHop,
  startHop,
  type Hop,
  type RunningHop,
} from '../../components/clients/hops.ts';
import { expectWhole, ids, kinds } from './kinds.ts';

for (const hop of [pythonHop, goHop, ...javaHops]) {
  await describeWith(hop, `a gRPC call through a service with ${hop.name}`, () => overGrpc(hop));
}

function overGrpc(hop: Hop): void {
  let inner: EchoServer;
  let relay: RunningHop;
  let outer: Echo;
  let calls = 0;

  beforeAll(async () => {
    inner = await serveEcho([]);
    relay = await startHop(hop);
    outer = connectEcho(`127.0.0.1:${relay.addresses[1]}`);
  });

  afterAll(async () => {
    outer.close();
    inner.close();
    await relay.close();
  });

  test.each(Object.keys(kinds))('is what it was: %s', async (kind) => {
    for (const id of ids) expectWhole(kind, id, ...(await through(kinds[kind]?.(id) ?? '')));
  });

  async function through(before: string): Promise<[before: string, after: string]> {
    const metadata = new Metadata();
    metadata.set('baggage', before);
    metadata.set('x-relay-to', `127.0.0.1:${inner.port}`);
    await outer.unary(metadata);
    const received = await inner.received.take(++calls);
    return [before, received.at(-1)?.join(',') ?? ''];
  }
}
