#!/usr/bin/env bash
# Installs what builds the documentation site: VitePress and TypeDoc, in docs/site. They are no part
# of the root's installation.
set -euo pipefail
cd "$(dirname "$0")/../../../docs/site"
npm ci --no-audit --no-fund --loglevel=error
