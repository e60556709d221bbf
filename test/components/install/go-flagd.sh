#!/usr/bin/env bash
# Builds the client of test/components/clients/go-flagd into .graylane/go-flagd: flagd's generated client for Go.
set -euo pipefail
cd "$(dirname "$0")/../clients/go-flagd"
folder="$(cd ../../../.. && pwd)/.graylane/go-flagd"
mkdir -p "$folder"
go build -o "$folder/ask-flagd" .
