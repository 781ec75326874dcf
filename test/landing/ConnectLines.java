import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.apicurio.registry.utils.converter.avro.AvroData;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/**
 * What a file sink writes for a topic's records: our Avro through the worker's Avro data, the connector's own
 * transforms and Connect's JSON converter without schemas, whose answer such a sink writes as a line. All of it real but the sink's own step, which is
 * held to Aiven's S3 sink v3.4.2 (commons, io.aiven.kafka.connect.common.output): jsonwriter/ValueBuilder lines 34-36 and 56-57 (this converter, its answer
 * read again), jsonwriter/ObjectMapperProvider lines 30-31 (this mapper), jsonwriter/AbstractJsonOutputStreamWriter lines 43-58 (without an envelope
 * the value alone) and OutputWriter lines 76-79 (a line break between records). What the real sink wrote to an S3 server was compared once by hand.
 * Reads {config, records: [{topic, schema, avro, partition, offset, timestamp}]}; a record that a transform drops has an empty line.
 */
public class ConnectLines {
    public static void main(String[] args) throws Exception {
        ObjectMapper json = new ObjectMapper();
        json.setNodeFactory(JsonNodeFactory.withExactBigDecimals(true));
        JsonNode input = json.readTree(System.in);
        Map<String, String> config = new HashMap<>();
        input.get("config").fields().forEachRemaining(field -> config.put(field.getKey(), field.getValue().asText()));
        Map<String, Transformation<SinkRecord>> transforms = new HashMap<>();
        Map<String, Predicate<SinkRecord>> predicates = new HashMap<>();
        for (String name : names(config, "transforms")) {
            Transformation<SinkRecord> transform = make(config.get("transforms." + name + ".type"));
            transform.configure(options(config, "transforms." + name + "."));
            transforms.put(name, transform);
        }
        for (String name : names(config, "predicates")) {
            Predicate<SinkRecord> predicate = make(config.get("predicates." + name + ".type"));
            predicate.configure(options(config, "predicates." + name + "."));
            predicates.put(name, predicate);
        }
        AvroData avro = new AvroData(100);
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", false, "converter.type", "value"));
        for (JsonNode one : input.get("records")) {
            SchemaAndValue value = one.get("avro").isNull() ? SchemaAndValue.NULL : decode(avro, one);
            SinkRecord record = new SinkRecord(one.get("topic").asText(), one.get("partition").asInt(), null, null, value.schema(), value.value(),
                one.get("offset").asLong(), one.get("timestamp").asLong(), TimestampType.CREATE_TIME);
            for (String name : names(config, "transforms")) {
                if (record == null) break;
                Predicate<SinkRecord> predicate = predicates.get(config.get("transforms." + name + ".predicate"));
                if (predicate == null || predicate.test(record)) record = transforms.get(name).apply(record);
            }
            if (record != null) System.out.write(json.writeValueAsBytes(json.readTree(converter.fromConnectData(record.topic(), record.valueSchema(), record.value()))));
            System.out.write('\n');
        }
        System.out.flush();
    }

    private static SchemaAndValue decode(AvroData avro, JsonNode record) throws Exception {
        Schema schema = new Schema.Parser().parse(record.get("schema").asText());
        byte[] bytes = HexFormat.of().parseHex(record.get("avro").asText());
        return avro.toConnectData(schema, new GenericDatumReader<>(schema).read(null, DecoderFactory.get().binaryDecoder(bytes, null)));
    }

    private static String[] names(Map<String, String> config, String key) {
        return config.getOrDefault(key, "").isEmpty() ? new String[0] : config.get(key).split(",");
    }

    private static Map<String, String> options(Map<String, String> config, String prefix) {
        Map<String, String> options = new HashMap<>();
        config.forEach((key, value) -> {
            if (key.startsWith(prefix)) options.put(key.substring(prefix.length()), value);
        });
        options.remove("type");
        options.remove("predicate");
        return options;
    }

    @SuppressWarnings("unchecked")
    private static <T> T make(String type) throws Exception {
        return (T) Class.forName(type).getDeclaredConstructor().newInstance();
    }
}
