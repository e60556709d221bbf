#!/usr/bin/env bash
# Installs Unleash, another flag server, into .graylane/unleash, and the PostgreSQL that it keeps its flags in; on Debian and Ubuntu only.
set -euo pipefail
folder="$(cd "$(dirname "$0")/../../.." && pwd)/.graylane/unleash"
version=7.5.1 # the newest for Node 20

if ! [ -x "$(pg_config --bindir 2>/dev/null)/initdb" ] && command -v apt-get >/dev/null; then
  echo 'unleash: installing PostgreSQL'
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq postgresql >/dev/null
fi
if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$version" ]; then
  exit 0
fi
echo "unleash: installing unleash-server $version ..."
mkdir -p "$folder"
cd "$folder"
echo '{ "private": true }' >package.json
npm install --no-audit --no-fund --loglevel=error "unleash-server@$version"
echo "$version" >.installed
