#!/usr/bin/env bash
# Imports our CRDs with the cdk8s command line, as users of other languages do, and looks for the classes in what it wrote.
# The command line and its dependencies have 93 MB, so they are fetched into npm's cache and are no dependency of ours;
# the import itself needs no network.
set -euo pipefail
crds=$(cd "$(dirname "${BASH_SOURCE[0]}")/../crds" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out"

for language in typescript python; do
  for crd in "$crds"/*.yaml; do
    npm exec --yes --package cdk8s-cli@2.207.60 -- cdk8s --check-upgrade=false import "$crd" --language "$language" --output "$out/$language" > "$out/log" 2>&1 ||
      { cat "$out/log" >&2; exit 1; }
    kind=$(sed -n 's/^    kind: //p' "$crd")
    grep -rqE "class $kind\b" "$out/$language" || { echo "$language: no class $kind" >&2; exit 1; }
    echo "$language: $kind imported"
  done
done
