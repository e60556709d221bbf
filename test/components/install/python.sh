#!/usr/bin/env bash
# Installs Python's OpenFeature SDK with its flagd provider into .graylane/python.
exec bash "$(dirname "$0")/venv.sh" python openfeature-sdk==0.10.0 openfeature-provider-flagd==0.6.1
