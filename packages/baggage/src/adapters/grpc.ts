export { baggageClientInterceptor, type GrpcClientOptions } from './grpc-client.ts';
export { baggageServerInterceptor, type GrpcServerOptions } from './grpc-server.ts';
