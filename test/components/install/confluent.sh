#!/usr/bin/env bash
# Installs @confluentinc/kafka-javascript apart, into .graylane/confluent: it builds native code, which `npm ci` must not depend on.
# Needs a C++ toolchain and the headers of curl, zstd, lz4 and sasl2; on Debian and Ubuntu it installs them.
set -euo pipefail
folder="$(cd "$(dirname "$0")/../../.." && pwd)/.graylane/confluent"
version=1.10.1

if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$version" ]; then
  exit 0
fi
headers=(libcurl4-openssl-dev libzstd-dev liblz4-dev libsasl2-dev libssl-dev)
if command -v dpkg >/dev/null && ! dpkg -s "${headers[@]}" >/dev/null 2>&1; then
  echo 'confluent: installing the headers it builds with'
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq "${headers[@]}" >/dev/null
fi
echo 'confluent: building @confluentinc/kafka-javascript (minutes) ...'
mkdir -p "$folder"
cd "$folder"
echo '{ "private": true }' >package.json
CKJS_LINKING=dynamic npm install --no-audit --no-fund --loglevel=error "@confluentinc/kafka-javascript@$version"
echo "$version" >.installed
