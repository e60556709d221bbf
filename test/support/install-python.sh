#!/usr/bin/env bash
# Installs Python's OpenFeature SDK with its flagd provider into .graylane/python, a virtual environment of its own.
set -euo pipefail
folder="$(cd "$(dirname "$0")/../.." && pwd)/.graylane/python"
packages=(openfeature-sdk==0.10.0 openfeature-provider-flagd==0.6.1)

if [ "$(cat "$folder/.installed" 2>/dev/null)" = "${packages[*]}" ]; then
  exit 0
fi
if ! python3 -m venv --help >/dev/null 2>&1 && command -v apt-get >/dev/null; then
  echo 'python: installing the module that makes virtual environments'
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq python3-venv >/dev/null
fi
echo "python: installing ${packages[*]} ..."
python3 -m venv --clear "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
echo "${packages[*]}" >"$folder/.installed"
