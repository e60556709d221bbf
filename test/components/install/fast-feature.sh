#!/usr/bin/env bash
# Installs fast-feature, another server of OFREP, into .graylane/fast-feature.
exec bash "$(dirname "$0")/venv.sh" fast-feature 'fast-feature[standalone]==0.0.2'
