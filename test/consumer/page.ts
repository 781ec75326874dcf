import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'consumers.md'), 'utf8');

/** The code block of a language below a heading of docs/consumers.md. Throws unless there is exactly one. */
export function snippet(heading: string, language: string): string {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const found = [...section.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map((match) => match[1] ?? '');
  if (found.length !== 1) throw new Error(`"${heading}" of docs/consumers.md has ${found.length} blocks of ${language}`);
  return found[0]!;
}

export interface Where {
  readonly topic: string;
  /** The ids the table has to come to; a snippet reads until then, or for a minute. */
  readonly ids: readonly string[];
}

/** The page's topic is one of the default prefix. */
const onTopic = (code: string, { topic }: Where): string => code.replace('tributary.klaviyo.profile', topic);

/** A module around the snippet of Node: reads where.json, prints the table as JSON. */
export const nodeProgram = (where: Where): string => `
import { readFileSync } from 'node:fs';
import kafkajs from 'kafkajs';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
${snippet('Integers beyond 2^53', 'js')
  .split('\n')
  .filter((line) => !line.startsWith('const type ='))
  .join('\n')}
const where = JSON.parse(readFileSync('where.json', 'utf8'));
const expected = JSON.stringify(${JSON.stringify([...where.ids].sort())});
const kafka = new kafkajs.Kafka({ brokers: where.brokers, sasl: where.sasl, logLevel: kafkajs.logLevel.NOTHING });
const { url: host, ...auth } = where.registry;
const registry = new SchemaRegistry(
  { host, ...(auth.username === undefined ? {} : { auth }) },
  process.argv[2] === 'wide' ? { [SchemaType.AVRO]: { registry: { long } } } : undefined,
);
const table = new Map();
${onTopic(snippet('Node', 'js'), where).replace("'my-team.profiles'", "where.prefix + '.node.' + process.argv[2]")}
const until = Date.now() + 60_000;
while (JSON.stringify([...table.keys()].sort()) !== expected && Date.now() < until) await new Promise((done) => setTimeout(done, 100));
await consumer.disconnect();
console.log(JSON.stringify([...table.values()]));
`;

/** The same around the snippet of Python. */
export const pythonProgram = (where: Where): string => `
import json, time
import confluent_kafka
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

where = json.load(open("where.json"))
registry, sasl = where["registry"], where.get("sasl")
user = {"basic.auth.user.info": f"{registry['username']}:{registry['password']}"} if "username" in registry else {}
deserialize = AvroDeserializer(SchemaRegistryClient({"url": registry["url"], **user}))
login = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": sasl["mechanism"].upper(), "sasl.username": sasl["username"], "sasl.password": sasl["password"]} if sasl else {}
table = {}


def Consumer(settings):
    return confluent_kafka.Consumer({**settings, **login, "bootstrap.servers": ",".join(where["brokers"]), "group.id": where["prefix"] + ".python"})


class Running:
    until = time.monotonic() + 60

    def __bool__(self):
        return sorted(table) != ${JSON.stringify([...where.ids].sort())} and time.monotonic() < self.until


running = Running()
${onTopic(snippet('Python', 'python'), where)}
consumer.close()
print(json.dumps(list(table.values()), default=str))
`;

/** Classes around the snippets of Java, by file. */
export const javaPrograms = (where: { readonly prefix: string }): Readonly<Record<string, string>> => ({
  // Confluent's serializers are on no repository of Maven Central; the snippet only names the class.
  'io/confluent/kafka/serializers/KafkaAvroDeserializer.java': `package io.confluent.kafka.serializers;
public class KafkaAvroDeserializer implements org.apache.kafka.common.serialization.Deserializer<Object> {
  @Override public Object deserialize(String topic, byte[] data) { throw new UnsupportedOperationException(); }
}
`,
  'Reading.java': `import io.confluent.kafka.serializers.KafkaAvroDeserializer;
import java.time.Duration;
import java.util.*;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.*;
class Reading {
  volatile boolean running = true;
  final Map<String, GenericRecord> table = new HashMap<>();
  void read() {
${snippet('Java', 'java')}
  }
}
`,
  'Joining.java': joiningProgram(where),
});

/**
 * A program around the snippet of Kafka Streams: reads where.json and keeps joined.json up to date, an object of the address of
 * each event's profile (`no profile` without one) by the event's id, until it is ended.
 */
const joiningProgram = ({ prefix }: { readonly prefix: string }): string => `
import com.fasterxml.jackson.databind.*;
import java.io.*;
import java.net.URI;
import java.net.http.*;
import java.nio.ByteBuffer;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.*;
import org.apache.avro.generic.*;
import org.apache.avro.io.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;
public class Joining {
  static final ObjectMapper json = new ObjectMapper();
  static final HttpClient http = HttpClient.newHttpClient();
  static final Schema JOINED = SchemaBuilder.record("Joined").fields().requiredString("id").optionalString("email").endRecord();
  /** Confluent's frame, as its own Avro serde has it, which is on no repository of Maven Central. */
  static final Map<Integer, Schema> schemas = new ConcurrentHashMap<>(Map.of(-1, JOINED));
  static JsonNode registry;
  static Schema schema(int id) {
    return schemas.computeIfAbsent(id, (of) -> {
      try {
        String login = registry.path("username").asText() + ":" + registry.path("password").asText();
        HttpRequest request = HttpRequest.newBuilder(URI.create(registry.get("url").asText() + "/schemas/ids/" + of))
            .header("authorization", "Basic " + Base64.getEncoder().encodeToString(login.getBytes())).build();
        return new Schema.Parser().parse(json.readTree(http.send(request, HttpResponse.BodyHandlers.ofString()).body()).get("schema").asText());
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    });
  }
  static GenericRecord read(String topic, byte[] bytes) {
    if (bytes == null) return null;
    try {
      BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(bytes, 5, bytes.length - 5, null);
      return new GenericDatumReader<GenericRecord>(schema(ByteBuffer.wrap(bytes).getInt(1))).read(null, decoder);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
  static byte[] write(String topic, GenericRecord row) {
    if (row == null) return null;
    int id = schemas.entrySet().stream().filter((entry) -> entry.getValue().equals(row.getSchema())).findFirst().get().getKey();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(ByteBuffer.allocate(5).putInt(1, id).array());
    BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
    try {
      new GenericDatumWriter<GenericRecord>(row.getSchema()).write(row, encoder);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    return out.toByteArray();
  }
  static GenericRecord enrich(GenericRecord event, GenericRecord profile) {
    Object email = profile == null ? "no profile" : profile.get("email");
    return new GenericRecordBuilder(JOINED).set("id", event.get("id").toString()).set("email", email == null ? null : email.toString()).build();
  }
  public static void main(String[] args) throws Exception {
    JsonNode where = json.readTree(new File("where.json"));
    registry = where.get("registry");
    Properties settings = new Properties();
    settings.put("bootstrap.servers", where.get("brokers").get(0).asText());
    settings.put("application.id", where.get("prefix").asText() + ".joining");
    settings.put("processing.guarantee", "exactly_once_v2");
    settings.put("state.dir", new File("joining-state").getAbsolutePath());
    if (where.has("sasl")) {
      settings.put("security.protocol", "SASL_PLAINTEXT");
      settings.put("sasl.mechanism", "PLAIN");
      settings.put("sasl.jaas.config", "org.apache.kafka.common.security.plain.PlainLoginModule required username=\\"" + where.get("sasl").get("username").asText()
          + "\\" password=\\"" + where.get("sasl").get("password").asText() + "\\";");
    }
    Serde<GenericRecord> keys = Serdes.serdeFrom(Joining::write, Joining::read);
    Serde<GenericRecord> values = keys;
    StreamsBuilder builder = new StreamsBuilder();
${snippet('Kafka Streams: joining events to profiles', 'java').replaceAll('"tributary.', `"${prefix}.`)}
    Map<String, Object> told = new TreeMap<>();
    enriched.toStream().foreach((key, row) -> {
      synchronized (told) {
        if (row == null) told.remove(key.get("id").toString());
        else told.put(key.get("id").toString(), row.get("email") == null ? null : row.get("email").toString());
      }
    });
    new KafkaStreams(builder.build(), settings).start();
    while (true) {
      synchronized (told) {
        json.writeValue(new File("joined.new.json"), told);
      }
      Files.move(Path.of("joined.new.json"), Path.of("joined.json"), StandardCopyOption.ATOMIC_MOVE);
      Thread.sleep(200);
    }
  }
}
`;
