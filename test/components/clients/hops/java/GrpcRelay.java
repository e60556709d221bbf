import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.HandlerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.ServerCalls;
import io.opentelemetry.api.baggage.propagation.W3CBaggagePropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;

/** Relays any unary call to the target in the metadata "x-relay-to", as bytes, with the baggage that came. */
final class GrpcRelay extends HandlerRegistry {
  private static final W3CBaggagePropagator PROPAGATOR = W3CBaggagePropagator.getInstance();
  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException exception) {
            throw new IllegalStateException(exception);
          }
        }
      };

  /** Reads metadata as OpenTelemetry's instrumentation of gRPC does. */
  private static final TextMapGetter<Metadata> GETTER =
      new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Metadata metadata) {
          return metadata.keys();
        }

        @Override
        public String get(Metadata metadata, String key) {
          return metadata.get(ascii(key));
        }
      };

  /** Starts to serve on a free port of loopback. */
  static Server start() throws IOException {
    return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
        .fallbackHandlerRegistry(new GrpcRelay())
        .build()
        .start();
  }

  @Override
  public ServerMethodDefinition<?, ?> lookupMethod(String name, String authority) {
    MethodDescriptor<byte[], byte[]> method =
        MethodDescriptor.newBuilder(BYTES, BYTES)
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName(name)
            .build();
    ServerCallHandler<byte[], byte[]> handler =
        (call, metadata) ->
            ServerCalls.asyncUnaryCall(
                    (byte[] message, io.grpc.stub.StreamObserver<byte[]> reply) -> {
                      reply.onNext(relay(method, metadata, message));
                      reply.onCompleted();
                    })
                .startCall(call, metadata);
    return ServerMethodDefinition.create(method, handler);
  }

  private static byte[] relay(MethodDescriptor<byte[], byte[]> method, Metadata incoming, byte[] message) {
    Context context = PROPAGATOR.extract(Context.root(), incoming, GETTER);
    Metadata outgoing = new Metadata();
    PROPAGATOR.inject(context, outgoing, (metadata, key, value) -> metadata.put(ascii(key), value));
    ManagedChannel channel = NettyChannelBuilder.forTarget(incoming.get(ascii("x-relay-to"))).usePlaintext().build();
    try {
      return ClientCalls.blockingUnaryCall(
          ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(outgoing)),
          method,
          CallOptions.DEFAULT,
          message);
    } finally {
      channel.shutdownNow();
    }
  }

  private static Metadata.Key<String> ascii(String key) {
    return Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER);
  }
}
