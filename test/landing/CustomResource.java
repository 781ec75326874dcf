import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads custom resources into the classes of the operators they are for: Strimzi's own, and the Prometheus operator's as fabric8 generates them.
 * Reads [{type, document}]; prints for each what the class does not know, and what does not fit its type.
 */
public class CustomResource {
    public static void main(String[] args) throws Exception {
        ObjectMapper json = new ObjectMapper();
        List<Object> answers = new ArrayList<>();
        for (JsonNode one : json.readTree(System.in).get("resources")) {
            List<String> faults = new ArrayList<>();
            try {
                Object read = json.treeToValue(one.get("document"), Class.forName(one.get("type").asText()));
                unknown(read, "", faults, new IdentityHashMap<>());
            } catch (com.fasterxml.jackson.core.JsonProcessingException error) {
                faults.add(error.getOriginalMessage());
            }
            answers.add(faults);
        }
        System.out.println("ANSWER " + json.writeValueAsString(answers));
    }

    /** The classes keep what they do not know as additional properties. */
    private static void unknown(Object value, String path, List<String> faults, Map<Object, Boolean> seen) throws Exception {
        if (value instanceof Collection<?> all) {
            int index = 0;
            for (Object one : all) unknown(one, path + "[" + index++ + "]", faults, seen);
            return;
        }
        if (value == null || value instanceof Map || !value.getClass().getName().matches("io\\.(strimzi|fabric8)\\..*")) return;
        if (value instanceof Enum || seen.put(value, true) != null) return;
        for (Method method : value.getClass().getMethods()) {
            if (method.getParameterCount() > 0 || !method.getName().startsWith("get")) continue;
            if (method.getName().equals("getAdditionalProperties")) {
                if (method.invoke(value) instanceof Map<?, ?> rest) rest.keySet().forEach(name -> faults.add(path + "." + name));
            } else if (!method.getReturnType().isPrimitive() && !method.getDeclaringClass().equals(Object.class)) {
                String name = method.getName().substring(3, 4).toLowerCase() + method.getName().substring(4);
                unknown(method.invoke(value), path + "." + name, faults, seen);
            }
        }
    }
}
