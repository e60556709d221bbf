import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  credentials,
  loadPackageDefinition,
  type Interceptor,
  type ServiceClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Hop } from './hop.ts';

/** `proto/payments.proto`, as both sides see it. */
export interface Charge {
  readonly total: number;
  readonly hops: readonly Hop[];
}

/** The client side of the Payments service. */
export interface PaymentsClient {
  charge(request: { readonly amount: number }): Promise<Charge>;
}

const protoFile = fileURLToPath(new URL('../../proto/payments.proto', import.meta.url));
const loaded = loadPackageDefinition(loadSync(protoFile, { defaults: true, keepCase: true }));
const { Payments } =
  (loaded['graylane'] as Record<string, Record<string, ServiceClientConstructor>>)['demo'] ?? {};
if (Payments === undefined) throw new Error(`${protoFile} has no service graylane.demo.Payments`);
const PaymentsStub: ServiceClientConstructor = Payments;

/** The definition a server registers. */
export const paymentsService: ServiceDefinition = PaymentsStub.service;

/** Connects to the Payments service at `host:port`. */
export function createPaymentsClient(target: string, interceptors: Interceptor[]): PaymentsClient {
  const stub = new PaymentsStub(target, credentials.createInsecure(), { interceptors });
  const charge = stub['Charge'];
  if (charge === undefined) throw new Error(`${protoFile} has no method Charge`);
  return { charge: promisify<{ amount: number }, Charge>(charge.bind(stub)) };
}
