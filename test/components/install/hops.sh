#!/usr/bin/env bash
# Brings services in Python, Go and Java with OpenTelemetry's own propagators into .graylane/hops-*; tests send requests through them.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
cache="$(cd "$here/../../.." && pwd)/.graylane"

bash "$here/venv.sh" hops-python \
  opentelemetry-api==1.45.1 opentelemetry-sdk==1.45.1 \
  opentelemetry-instrumentation-flask==0.66b1 opentelemetry-instrumentation-requests==0.66b1 \
  opentelemetry-instrumentation-grpc==0.66b1 \
  opentelemetry-instrumentation-confluent-kafka==0.66b1 opentelemetry-instrumentation-kafka-python==0.66b1 \
  flask==3.1.2 requests==2.32.5 grpcio==1.85.3 confluent-kafka==2.16.1 kafka-python==3.0.12

# built FOLDER SOURCE...: whether the folder was made from these very sources; otherwise it begins anew.
built() {
  local folder=$1 digest
  shift
  digest=$(cat "$@" | sha256sum)
  [ "$(cat "$folder/.built" 2>/dev/null)" = "$digest" ] && return
  rm -rf "$folder"
  mkdir -p "$folder"
  echo "$digest" >"$folder/.building"
  return 1
}
done_with() { mv "$1/.building" "$1/.built"; }

go_folder="$cache/hops-go"
if ! built "$go_folder" "$here"/../clients/hops/go/*; then
  echo 'hops-go: building ...'
  (cd "$here/../clients/hops/go" && GOFLAGS=-mod=mod go build -o "$go_folder/relay" .)
  done_with "$go_folder"
fi

java_folder="$cache/hops-java"
if ! built "$java_folder" "$here"/../clients/hops/java/*; then
  echo 'hops-java: fetching OpenTelemetry and compiling ...'
  copy=(mvn -q -B -f "$here/../clients/hops/java/pom.xml" dependency:copy-dependencies)
  "${copy[@]}" -DexcludeGroupIds=io.opentelemetry -DoutputDirectory="$java_folder/lib"
  for version in 1.49.0 1.64.0 1.68.0; do
    "${copy[@]}" -DincludeGroupIds=io.opentelemetry \
      -Dotel.version="$version" -DoutputDirectory="$java_folder/$version"
    javac -d "$java_folder/$version" -cp "$java_folder/$version/*:$java_folder/lib/*" "$here"/../clients/hops/java/*.java
  done
  done_with "$java_folder"
fi
