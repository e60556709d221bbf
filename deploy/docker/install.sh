#!/usr/bin/env bash
# Installs one app of a built repository for production: install.sh REPOSITORY APP FOLDER
# The folder gets the dependencies of the lock file, and no sources, types, tests or source maps.
set -euo pipefail
repository=$(cd "$1" && pwd)
app=$2
mkdir -p "$3"
folder=$(cd "$3" && pwd)

cd "$repository"
for manifest in package.json package-lock.json packages/*/package.json apps/*/package.json; do
  install -D -m 644 "$manifest" "$folder/$manifest"
done
(cd "$folder" && npm ci --omit=dev --workspace "@graylane/$app" --ignore-scripts --no-audit --no-fund --loglevel=error)

# npm links the packages of the repository: only those that were linked are needed.
for link in "$folder"/node_modules/@graylane/*; do
  package=$(realpath --relative-to="$folder" "$link")
  for content in bin dist openapi.json proto flags.json; do
    [ ! -e "$package/$content" ] || cp -R "$package/$content" "$folder/$package/"
  done
done
cp LICENSE "$folder/"

# OpenTelemetry's packages contain each module three times; Node loads those in build/src.
rm -rf "$folder"/node_modules/@opentelemetry/*/build/{esm,esnext}
find "$folder" \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.tsbuildinfo' \) -delete
