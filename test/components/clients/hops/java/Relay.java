import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.api.baggage.propagation.W3CBaggagePropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

/**
 * A service in Java with OpenTelemetry's own baggage propagator. Prints its HTTP address and its gRPC port; GET /?to=URL
 * and any unary gRPC call are relayed with the baggage that came. With the arguments BROKERS FROM TO it also relays
 * messages between topics.
 */
public class Relay {
  private static final W3CBaggagePropagator PROPAGATOR = W3CBaggagePropagator.getInstance();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private static final TextMapGetter<HttpExchange> GETTER =
      new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(HttpExchange exchange) {
          return exchange.getRequestHeaders().keySet();
        }

        @Override
        public String get(HttpExchange exchange, String key) {
          return exchange.getRequestHeaders().getFirst(key);
        }
      };

  public static void main(String[] arguments) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setExecutor(Executors.newFixedThreadPool(4));
    server.createContext("/", Relay::relay);
    server.start();
    if (arguments.length == 3) {
      Thread messages = new Thread(() -> KafkaRelay.run(arguments[0], arguments[1], arguments[2]));
      messages.setDaemon(true);
      messages.start();
    }
    int grpcPort = GrpcRelay.start().getPort();
    System.out.println("http://127.0.0.1:" + server.getAddress().getPort() + " " + grpcPort);
    // The parent holds our standard input open for as long as it lives.
    while (System.in.read() >= 0) {}
    System.exit(0);
  }

  private static void relay(HttpExchange exchange) {
    byte[] body;
    int status = 200;
    try {
      String query = exchange.getRequestURI().getRawQuery();
      String to = URLDecoder.decode(query.substring("to=".length()), StandardCharsets.UTF_8);
      Context context = PROPAGATOR.extract(Context.root(), exchange, GETTER);
      HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(to));
      PROPAGATOR.inject(context, request, (builder, key, value) -> builder.setHeader(key, value));
      body = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofByteArray()).body();
    } catch (Exception exception) {
      status = 502;
      body = exception.toString().getBytes(StandardCharsets.UTF_8);
    }
    try (exchange) {
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
    } catch (java.io.IOException exception) {
      exception.printStackTrace();
    }
  }
}
