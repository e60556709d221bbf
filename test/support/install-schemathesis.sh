#!/usr/bin/env bash
# Installs schemathesis, which tests an HTTP server against its OpenAPI document, into .graylane/schemathesis: a virtual environment.
set -euo pipefail
folder="$(cd "$(dirname "$0")/../.." && pwd)/.graylane/schemathesis"
packages=(schemathesis==4.32.5)

if [ "$(cat "$folder/.installed" 2>/dev/null)" = "${packages[*]}" ]; then
  exit 0
fi
if ! python3 -m venv --help >/dev/null 2>&1 && command -v apt-get >/dev/null; then
  echo 'schemathesis: installing the module that makes virtual environments'
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq python3-venv >/dev/null
fi
echo "schemathesis: installing ${packages[*]} ..."
python3 -m venv --clear "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
echo "${packages[*]}" >"$folder/.installed"
