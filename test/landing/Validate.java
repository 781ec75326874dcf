import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.connect.connector.Connector;

/** Asks a connector class what a Connect worker asks it on validate. Reads {type, configs}; prints for each {unknown, errors}. */
public class Validate {
    public static void main(String[] args) throws Exception {
        ObjectMapper json = new ObjectMapper();
        JsonNode input = json.readTree(System.in);
        Connector connector = (Connector) Class.forName(input.get("type").asText()).getDeclaredConstructor().newInstance();
        List<Object> answers = new java.util.ArrayList<>();
        for (JsonNode config : input.get("configs")) {
            Map<String, String> values = new HashMap<>();
            config.fields().forEachRemaining(field -> values.put(field.getKey(), field.getValue().asText()));
            TreeSet<String> unknown = new TreeSet<>(values.keySet());
            unknown.removeAll(connector.config().names());
            Map<String, List<String>> errors = new TreeMap<>();
            for (ConfigValue value : connector.validate(values).configValues()) {
                if (!value.errorMessages().isEmpty()) errors.put(value.name(), value.errorMessages());
            }
            answers.add(Map.of("unknown", unknown, "errors", errors));
        }
        System.out.println("ANSWER " + json.writeValueAsString(answers));
        // Its own threads would keep it alive.
        System.exit(0);
    }
}
