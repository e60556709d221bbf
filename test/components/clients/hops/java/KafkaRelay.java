import io.opentelemetry.api.baggage.propagation.W3CBaggagePropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Relays messages from one topic to another with the baggage that came, by Apache's own clients. */
final class KafkaRelay {
  private static final W3CBaggagePropagator PROPAGATOR = W3CBaggagePropagator.getInstance();

  /** Reads headers as OpenTelemetry's instrumentation of Kafka does. */
  private static final TextMapGetter<Headers> GETTER =
      new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Headers headers) {
          return Arrays.stream(headers.toArray()).map(Header::key).toList();
        }

        @Override
        public String get(Headers headers, String key) {
          Header header = headers.lastHeader(key);
          return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
        }
      };

  static void run(String brokers, String source, String target) {
    Map<String, Object> consuming =
        Map.of("bootstrap.servers", brokers, "group.id", source, "auto.offset.reset", "earliest");
    Map<String, Object> producing = Map.of("bootstrap.servers", brokers, "linger.ms", 1);
    try (var consumer =
            new KafkaConsumer<>(consuming, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        var producer = new KafkaProducer<>(producing, new ByteArraySerializer(), new ByteArraySerializer())) {
      consumer.subscribe(List.of(source));
      while (true) {
        for (ConsumerRecord<byte[], byte[]> received : consumer.poll(Duration.ofMillis(200))) {
          Context context = PROPAGATOR.extract(Context.root(), received.headers(), GETTER);
          ProducerRecord<byte[], byte[]> sent = new ProducerRecord<>(target, received.key(), received.value());
          PROPAGATOR.inject(
              context,
              sent.headers(),
              (headers, key, value) -> headers.add(key, value.getBytes(StandardCharsets.UTF_8)));
          producer.send(sent);
        }
        producer.flush();
      }
    }
  }

  private KafkaRelay() {}
}
