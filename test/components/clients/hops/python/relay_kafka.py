"""Relays messages from one topic to another. The instrumentation of each client carries the baggage."""

import confluent_kafka
import kafka
from opentelemetry import context, propagate
from opentelemetry.instrumentation.confluent_kafka import ConfluentKafkaInstrumentor
from opentelemetry.instrumentation.kafka import KafkaInstrumentor


def by_confluent_kafka(brokers: str, source: str, target: str) -> None:
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": brokers, "group.id": source, "auto.offset.reset": "earliest"}
    )
    producer = ConfluentKafkaInstrumentor().instrument_producer(
        confluent_kafka.Producer({"bootstrap.servers": brokers, "linger.ms": 1})
    )
    consumer.subscribe([source])
    while True:
        message = consumer.poll(0.2)
        if message is None or message.error():
            continue
        token = attach(message.headers() or [])
        producer.produce(target, message.value(), headers=[])
        producer.flush()
        context.detach(token)


def by_kafka_python(brokers: str, source: str, target: str) -> None:
    KafkaInstrumentor().instrument()
    consumer = kafka.KafkaConsumer(
        source, bootstrap_servers=brokers, group_id=source, auto_offset_reset="earliest"
    )
    producer = kafka.KafkaProducer(bootstrap_servers=brokers)
    for message in consumer:
        token = attach(message.headers)
        producer.send(target, message.value)
        context.detach(token)


def attach(headers):
    """Makes the baggage of a message the current one, as a service does that handles it."""
    return context.attach(propagate.extract({key: value.decode() for key, value in headers}))


by_client = {"confluent-kafka": by_confluent_kafka, "kafka-python": by_kafka_python}
