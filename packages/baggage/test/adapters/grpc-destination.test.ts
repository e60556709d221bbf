import { describe, expect, test } from 'vitest';
import { grpcDestination } from '../../src/adapters/grpc/destination.ts';

describe('a channel target', () => {
  test.each([
    ['dns:localhost:50051', 'grpc://localhost:50051'],
    ['dns:///payments:50051', 'grpc://payments:50051'],
    ['dns://8.8.8.8/payments:50051', 'grpc://payments:50051'],
    ['dns:payments.internal', 'grpc://payments.internal:443'],
    ['ipv4:127.0.0.1:50051', 'grpc://127.0.0.1:50051'],
    ['ipv6:[::1]:50051', 'grpc://[::1]:50051'],
    ['dns:[::1]', 'grpc://[::1]:443'],
  ])('%s is the destination %s', (target, destination) => {
    expect(grpcDestination(target)).toBe(destination);
  });

  test.each([
    'unix:/run/payments.sock',
    'unix:50051',
    'xds:///payments',
    'ipv4:10.0.0.1:50051,10.0.0.2:50051',
    'dns:a:b:c',
    'dns:payments:http',
    'unknown',
    '',
  ])('%s names no one host, so it is no destination', (target) => {
    expect(grpcDestination(target)).toBeUndefined();
  });
});
