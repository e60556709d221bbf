#!/usr/bin/env bash
# venv.sh NAME PACKAGE...: installs packages of Python into .graylane/NAME, a virtual environment of their own.
set -euo pipefail
name=$1
shift
folder="$(cd "$(dirname "$0")/../../.." && pwd)/.graylane/$name"

if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$*" ]; then
  exit 0
fi
if ! python3 -m venv --help >/dev/null 2>&1 && command -v apt-get >/dev/null; then
  echo "$name: installing the module that makes virtual environments"
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq python3-venv >/dev/null
fi
echo "$name: installing $* ..."
python3 -m venv --clear "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
echo "$*" >"$folder/.installed"
