#!/usr/bin/env bash
# buckets.sh java|go|rust: builds a program that evaluates with the flagd provider, or the libraries of flagd, of a language.
set -euo pipefail
language=$1
sources="$(cd "$(dirname "$0")/../clients/buckets" && pwd)"
folder="$(cd "$(dirname "$0")/../../.." && pwd)/.graylane/$language"
wanted=$(cat "$sources"/{pom.xml,*.java,go.mod,*.go,Cargo.toml,src/*.rs} | cksum)

if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$wanted" ]; then
  exit 0
fi
echo "$language: installing the flagd client ..."
mkdir -p "$folder"
case $language in
  java)
    mvn -q -B -f "$sources/pom.xml" dependency:copy-dependencies -DoutputDirectory="$folder/lib"
    javac -cp "$folder/lib/*" -d "$folder/classes" "$sources/Buckets.java"
    ;;
  go) go build -C "$sources" -o "$folder/buckets" . ;;
  rust) cargo build -q --manifest-path "$sources/Cargo.toml" --target-dir "$folder/target" ;;
  *) echo "buckets.sh: unknown language \"$language\": use java, go or rust" >&2 && exit 2 ;;
esac
echo "$wanted" >"$folder/.installed"
