#!/usr/bin/env bash
# Installs OpenTelemetry for Python, as services in Python use it, into .graylane/hops-python.
exec bash "$(dirname "$0")/install-venv.sh" hops-python \
  opentelemetry-api==1.45.1 opentelemetry-sdk==1.45.1 \
  opentelemetry-instrumentation-flask==0.66b1 opentelemetry-instrumentation-requests==0.66b1 \
  opentelemetry-instrumentation-confluent-kafka==0.66b1 opentelemetry-instrumentation-kafka-python==0.66b1 \
  flask==3.1.2 requests==2.32.5 confluent-kafka==2.16.1 kafka-python==3.0.12
