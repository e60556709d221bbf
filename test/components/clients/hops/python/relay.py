"""A service in Python as teams write it: Flask, requests, gRPC and Kafka, instrumented by OpenTelemetry, whose propagators are the stock ones.

Prints its HTTP address and its gRPC port. GET /?to=URL and any unary gRPC call are relayed with the baggage that came.
With the arguments BROKERS FROM TO CLIENT it also relays messages between topics, by the instrumented client of that name.
"""

import os
import sys
import threading

import requests
from flask import Flask, request
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from werkzeug.serving import make_server

import relay_grpc
import relay_kafka

tracers = TracerProvider()
RequestsInstrumentor().instrument(tracer_provider=tracers)
app = Flask(__name__)
FlaskInstrumentor().instrument_app(app, tracer_provider=tracers)


@app.get("/")
def relay():
    return requests.get(request.args["to"], timeout=10).text


def end_with_parent() -> None:
    # The parent holds our standard input open for as long as it lives.
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
if len(sys.argv) > 1:
    *topics, client = sys.argv[1:]
    threading.Thread(target=relay_kafka.by_client[client], args=topics, daemon=True).start()
server = make_server("127.0.0.1", 0, app, threaded=True)
print(f"http://127.0.0.1:{server.port} {relay_grpc.start()}", flush=True)
server.serve_forever()
