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
export const javaPrograms = (): Readonly<Record<string, string>> => ({
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
  'Joining.java': `import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;
abstract class Joining {
  abstract GenericRecord enrich(GenericRecord event, GenericRecord profile);
  void join(StreamsBuilder builder, Serde<GenericRecord> values) {
${snippet('Kafka Streams: joining events to profiles', 'java')}
  }
}
`,
});
