"""Relays any unary gRPC call to the target in the metadata "x-relay-to", as bytes. The instrumentation carries the baggage."""

from concurrent.futures import ThreadPoolExecutor

import grpc
from opentelemetry.instrumentation.grpc import client_interceptor, server_interceptor
from opentelemetry.instrumentation.grpc.grpcext import intercept_channel


class Relay(grpc.GenericRpcHandler):
    def service(self, details):
        target = dict(details.invocation_metadata)["x-relay-to"]

        def relay(message: bytes, _context) -> bytes:
            with grpc.insecure_channel(target) as channel:
                instrumented = intercept_channel(channel, client_interceptor())
                return instrumented.unary_unary(details.method)(message, timeout=10)

        return grpc.unary_unary_rpc_method_handler(relay)


def start() -> int:
    """Starts to serve on a free port of loopback."""
    server = grpc.server(ThreadPoolExecutor(), handlers=[Relay()], interceptors=[server_interceptor()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    servers.append(server)
    return port


# A server that is not referenced ends.
servers: list[grpc.Server] = []
