#!/usr/bin/env bash
# Installs flagd's provider for Java, with the program of test/components/clients/java-flagd, into .graylane/java-flagd.
set -euo pipefail
cd "$(dirname "$0")/../clients/java-flagd"
folder="$(cd ../../../.. && pwd)/.graylane/java-flagd"
if [ "$folder/AskFlagd.class" -nt pom.xml ] && [ "$folder/AskFlagd.class" -nt src/main/java/AskFlagd.java ]; then
  exit 0
fi
mkdir -p "$folder"
mvn --batch-mode --quiet dependency:copy-dependencies "-DoutputDirectory=$folder/lib"
javac --release 11 -cp "$folder/lib/*" -d "$folder" src/main/java/AskFlagd.java
