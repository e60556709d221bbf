import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.openfeature.contrib.providers.flagd.Config;
import dev.openfeature.contrib.providers.flagd.FlagdOptions;
import dev.openfeature.contrib.providers.flagd.FlagdProvider;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.EvaluationContext;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.MutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Value;
import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Evaluates the questions of its argument by flagd's provider for Java, and prints the results as JSON. */
public final class AskFlagd {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        JsonNode asked = JSON.readTree(args[0]);
        FlagdOptions.FlagdOptionsBuilder options = FlagdOptions.builder()
                .host("127.0.0.1")
                .port(asked.get("port").asInt())
                .deadline(30_000)
                .cacheType("disabled")
                .resolverType(
                        asked.get("resolver").asText().equals("rpc") ? Config.Resolver.RPC : Config.Resolver.IN_PROCESS);
        if (asked.hasNonNull("selector")) {
            // In RPC mode the provider does not send the selector of its options.
            Metadata metadata = new Metadata();
            metadata.put(Metadata.Key.of("flagd-selector", Metadata.ASCII_STRING_MARSHALLER),
                    asked.get("selector").asText());
            ClientInterceptor interceptor = MetadataUtils.newAttachHeadersInterceptor(metadata);
            options.clientInterceptors(List.of(interceptor));
        }
        OpenFeatureAPI api = OpenFeatureAPI.getInstance();
        api.setProviderAndWait(new FlagdProvider(options.build()));
        Client client = api.getClient();

        List<Map<String, Object>> results = new ArrayList<>();
        for (JsonNode question : asked.get("questions")) {
            results.add(ask(client, question));
        }
        System.out.println(JSON.writeValueAsString(results));
        api.shutdown();
        System.exit(0);
    }

    private static Map<String, Object> ask(Client client, JsonNode question) {
        String key = question.get("key").asText();
        JsonNode fallback = question.get("default");
        EvaluationContext context = contextOf(question.get("context"));
        switch (question.get("type").asText()) {
            case "boolean":
                return describe(client.getBooleanDetails(key, fallback.asBoolean(), context));
            case "string":
                return describe(client.getStringDetails(key, fallback.asText(), context));
            case "float":
                return describe(client.getDoubleDetails(key, fallback.asDouble(), context));
            default:
                return describe(client.getObjectDetails(key, valueOf(fallback), context));
        }
    }

    private static Map<String, Object> describe(FlagEvaluationDetails<?> details) {
        Map<String, Object> result = new LinkedHashMap<>();
        Object value = details.getValue();
        result.put("value", value instanceof Value ? ((Value) value).asStructure().asObjectMap() : value);
        result.put("variant", details.getVariant());
        result.put("reason", details.getReason());
        result.put("errorCode", details.getErrorCode() == null ? null : details.getErrorCode().name());
        result.put("message", details.getErrorMessage());
        return result;
    }

    private static EvaluationContext contextOf(JsonNode attributes) {
        Map<String, Value> values = new LinkedHashMap<>();
        attributes.fields().forEachRemaining(entry -> values.put(entry.getKey(), valueOf(entry.getValue())));
        Value targetingKey = values.remove("targetingKey");
        MutableContext context = new MutableContext(values);
        if (targetingKey != null) {
            context.setTargetingKey(targetingKey.asString());
        }
        return context;
    }

    private static Value valueOf(JsonNode node) {
        return Value.objectToValue(JSON.convertValue(node, Object.class));
    }
}
