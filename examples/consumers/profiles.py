"""Klaviyo's profiles with confluent-kafka: python profiles.py where.json

Needs `pip install confluent-kafka[avro]` and the row types beside it: tributary schemas types --lang python.
"""

import json
import sys

from confluent_kafka import Consumer, TopicPartition, OFFSET_BEGINNING
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from tributary_klaviyo import KlaviyoProfile

with open(sys.argv[1]) as file:
    where = json.load(file)
# Where the settings have topics.name, give the whole name as "topic".
topic = where.get("topic", f"{where.get('prefix', 'tributary')}.{KlaviyoProfile.TABLE}")
registry = where["registry"]
user = {"basic.auth.user.info": f"{registry['username']}:{registry['password']}"} if "username" in registry else {}
deserialize = AvroDeserializer(SchemaRegistryClient({"url": registry["url"], **user}))
sasl = where.get("sasl")
login = (
    {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": sasl["mechanism"].upper(),
        "sasl.username": sasl["username"],
        "sasl.password": sasl["password"],
    }
    if sasl
    else {}
)
# Without read_committed rows of aborted transactions are shown; without a commit of offsets each run reads all there is.
consumer = Consumer(
    {
        "bootstrap.servers": ",".join(where["brokers"]),
        "group.id": "example",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        **login,
    }
)
partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])

profiles = {}
left = set(partitions)
while left:
    message = consumer.poll(30)
    if message is None:
        sys.exit("nothing came for 30 s")
    if message.error():
        left.discard(message.partition())
        continue
    key = deserialize(message.key(), SerializationContext(topic, MessageField.KEY))
    value = message.value() and deserialize(message.value(), SerializationContext(topic, MessageField.VALUE))
    row = KlaviyoProfile.of(value)
    if row is None:
        profiles.pop(key["id"], None)
    else:
        profiles[row.id] = row
consumer.close()
for profile in sorted(profiles.values(), key=lambda one: one.id):
    print(json.dumps({"id": profile.id, "email": profile.email, "updated": profile.updated and profile.updated.isoformat()}))
