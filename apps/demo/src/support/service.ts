import type { AddressInfo } from 'node:net';
import type { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { OpenFeature } from '@openfeature/server-sdk';
import type { Express } from 'express';
import { portSetting } from './setting.ts';

/** The message of a service to the process that started it. */
export type ServiceReport = { readonly ready: number } | { readonly failed: string };

/**
 * Listens on the port in the variable, reports it to the parent process, and shuts down on a
 * signal.
 */
export function announce(
  app: Express,
  service: string,
  variable: string,
  close?: () => unknown,
  host: string = '127.0.0.1',
): void {
  const port = portSetting(variable);
  const server = app.listen(port, host, (error?: Error) => {
    if (error) fail(error, port, variable);
    else ready((server.address() as AddressInfo).port);
  });
  endWith(async () => {
    server.closeIdleConnections();
    await new Promise((resolve) => server.close(resolve));
    await close?.();
  }, service);
}

/** `announce` for a gRPC service. */
export function announceGrpc(
  server: GrpcServer,
  serverCredentials: ServerCredentials,
  service: string,
  variable: string,
  close?: () => unknown,
): void {
  const port = portSetting(variable);
  server.bindAsync(`127.0.0.1:${port}`, serverCredentials, (error, boundPort) => {
    if (error) fail(error, port, variable);
    else ready(boundPort);
  });
  endWith(async () => {
    await new Promise((resolve) => server.tryShutdown(resolve));
    await close?.();
  }, service);
}

function ready(port: number): void {
  report({ ready: port });
}

function fail(error: Error, port: number, variable: string): void {
  const inUse = /EADDRINUSE|No address added/.test(error.message);
  report({
    failed: inUse ? `port ${port} is in use: free it, or set ${variable} to another port` : error.message,
  });
  process.exitCode = 1;
  process.disconnect?.();
}

function report(message: ServiceReport): void {
  if (process.send) process.send(message);
  else console.log(JSON.stringify(message));
}

function endWith(close: () => Promise<void>, service: string): void {
  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    const forced = setTimeout(() => process.exit(0), 3000);
    forced.unref();
    await close();
    await OpenFeature.close();
    process.exit();
  };
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect'] as const) {
    process.once(event, () => {
      end().catch((error: unknown) => {
        console.error(`${service}: could not end cleanly`, error);
        process.exit(1);
      });
    });
  }
}
