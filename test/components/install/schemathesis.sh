#!/usr/bin/env bash
# Installs schemathesis, which tests an HTTP server against its OpenAPI document, into .graylane/schemathesis.
exec bash "$(dirname "$0")/venv.sh" schemathesis schemathesis==4.32.5
