"""A service in Python as teams write it: Flask and requests, instrumented by OpenTelemetry, whose propagators are the stock ones.

Prints its address. GET /?to=URL is relayed with the baggage that came; GET /kafka?brokers=B&to=TOPIC sends it on as a message;
with the arguments BROKERS FROM TO it also relays messages between topics, by the instrumented clients of Kafka.
"""

import os
import sys
import threading

import confluent_kafka
import requests
from flask import Flask, request
from opentelemetry import context, propagate
from opentelemetry.instrumentation.confluent_kafka import ConfluentKafkaInstrumentor
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from werkzeug.serving import make_server

tracers = TracerProvider()
RequestsInstrumentor().instrument(tracer_provider=tracers)
app = Flask(__name__)
FlaskInstrumentor().instrument_app(app, tracer_provider=tracers)


@app.get("/")
def relay():
    return requests.get(request.args["to"], timeout=10).text


def relay_messages(brokers: str, source: str, target: str) -> None:
    kafka = ConfluentKafkaInstrumentor()
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": brokers, "group.id": source, "auto.offset.reset": "earliest"}
    )
    producer = kafka.instrument_producer(confluent_kafka.Producer({"bootstrap.servers": brokers, "linger.ms": 1}))
    consumer.subscribe([source])
    while True:
        message = consumer.poll(0.2)
        if message is None or message.error():
            continue
        headers = {key: value.decode() for key, value in message.headers() or []}
        token = context.attach(propagate.extract(headers))
        producer.produce(target, message.value(), headers=[])
        producer.flush()
        context.detach(token)


def end_with_parent() -> None:
    # The parent holds our standard input open for as long as it lives.
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
if len(sys.argv) > 1:
    threading.Thread(target=relay_messages, args=sys.argv[1:4], daemon=True).start()
server = make_server("127.0.0.1", 0, app, threaded=True)
print(f"http://127.0.0.1:{server.port}", flush=True)
server.serve_forever()
