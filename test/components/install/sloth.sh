#!/usr/bin/env bash
# Builds Sloth into .graylane/sloth; it reads the contracts that graylane-slis writes for it.
set -euo pipefail
folder="$(cd "$(dirname "$0")/../../.." && pwd)/.graylane/sloth"
mkdir -p "$folder"
GOBIN="$folder" go install github.com/slok/sloth/cmd/sloth@v0.16.0
