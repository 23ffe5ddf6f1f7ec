/*
 * Evaluates through the OpenFeature SDK for Java.
 *
 *     java Answer.java URL [HEADER VALUE]
 *
 * Each line of standard input asks, each line of standard output answers; see
 * languages.test.mjs.
 */
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.openfeature.contrib.providers.ofrep.OfrepProvider;
import dev.openfeature.contrib.providers.ofrep.OfrepProviderOptions;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.EvaluationContext;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Value;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

public class Answer {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static EvaluationContext contextOf(Map<String, Object> attributes) {
        Map<String, Value> values = new HashMap<>();
        attributes.forEach((name, value) -> values.put(name, Value.objectToValue(value)));
        Value key = values.remove("targetingKey");
        return key == null ? new ImmutableContext(values) : new ImmutableContext(key.asString(), values);
    }

    private static FlagEvaluationDetails<?> evaluate(Client client, Map<String, Object> ask, EvaluationContext who) {
        String key = (String) ask.get("key");
        Object fallback = ask.get("default");
        switch ((String) ask.get("type")) {
            case "boolean": return client.getBooleanDetails(key, (Boolean) fallback, who);
            case "string": return client.getStringDetails(key, (String) fallback, who);
            case "integer": return client.getIntegerDetails(key, (Integer) fallback, who);
            case "float": return client.getDoubleDetails(key, ((Number) fallback).doubleValue(), who);
            default: return client.getObjectDetails(key, Value.objectToValue(fallback), who);
        }
    }

    private static Object plain(Object value) {
        if (!(value instanceof Value)) return value;
        Value v = (Value) value;
        if (v.isStructure()) return v.asStructure().asObjectMap();
        return v.isList() ? v.asList().stream().map(Answer::plain).toList() : v.asObject();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> answer(Client client, String line) throws Exception {
        Map<String, Object> ask = JSON.readValue(line, Map.class);
        Map<String, Object> context = (Map<String, Object>) ask.getOrDefault("context", Map.of());
        FlagEvaluationDetails<?> details = evaluate(client, ask, contextOf(context));
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("value", plain(details.getValue()));
        answer.put("variant", details.getVariant());
        answer.put("reason", details.getReason());
        answer.put("error", details.getErrorCode() == null ? null : details.getErrorCode().name());
        answer.put("message", details.getErrorMessage());
        answer.put("metadata", details.getFlagMetadata().asUnmodifiableMap());
        return answer;
    }

    public static void main(String[] arguments) throws Exception {
        OfrepProviderOptions.Builder options = OfrepProviderOptions.builder().baseUrl(arguments[0]);
        if (arguments.length > 2)
            options = options.headers(ImmutableMap.of(arguments[1], ImmutableList.of(arguments[2])));
        OpenFeatureAPI.getInstance().setProviderAndWait(OfrepProvider.constructProvider(options.build()));
        Client client = OpenFeatureAPI.getInstance().getClient();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line; (line = lines.readLine()) != null;) out.println(JSON.writeValueAsString(answer(client, line)));
        System.exit(0);
    }
}
