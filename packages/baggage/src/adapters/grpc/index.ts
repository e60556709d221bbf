export { baggageClientInterceptor, type GrpcClientOptions } from './client.ts';
export { baggageServerInterceptor, type GrpcServerOptions } from './server.ts';
