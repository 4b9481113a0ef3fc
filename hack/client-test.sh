#!/usr/bin/env bash
# Tests the server with the clients of others (runtime/conformance): client-test.sh [ARGUMENTS FOR PYTEST].
# Needs python3 with venv, openssl, curl, libb64 and the npm packages; installs the rest from PyPI, once.
# Every line "N passed, N failed" counts.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export AIMASS_CACHE=${AIMASS_CACHE:-$HOME/.cache/aimass}
CHECKS=$ROOT/runtime/conformance
KEY=$(cat "$CHECKS"/requirements*.txt <(python3 --version) | sha256sum | cut -c 1-12)
CLIENTS=$AIMASS_CACHE/clients-$KEY
LOG=$AIMASS_CACHE/log/clients.log
mkdir -p "$AIMASS_CACHE/log"

environment() { # NAME FILE: a virtual environment with exactly these packages
  python3 -m venv --clear "$CLIENTS/$1"
  "$CLIENTS/$1/bin/pip" install --disable-pip-version-check --no-compile --no-deps -r "$CHECKS/$2"
}
install() {
  [ ! -e "$CLIENTS/installed" ] || return 0
  local started=$SECONDS
  echo "▸ clients (log: $LOG)"
  rm -rf "$AIMASS_CACHE"/clients-*
  mkdir -p "$CLIENTS"
  {
    environment clients requirements.txt && environment mlserver requirements-mlserver.txt &&
      "$CLIENTS/clients/bin/pip" install --disable-pip-version-check --no-compile --no-deps \
        --target "$CLIENTS/perf" -r "$CHECKS/requirements-perf-analyzer.txt"
  } > "$LOG" 2>&1 || { tail -n 20 "$LOG" >&2; echo "installing the clients failed; the whole log is $LOG" >&2; exit 1; }
  touch "$CLIENTS/installed"
  echo "✓ clients ($((SECONDS - started)) s, $(du -sm "$CLIENTS" | cut -f 1) MB)"
}

(flock 9 && install) 9> "$AIMASS_CACHE/clients.lock"
export AIMASS_MLSERVER=$CLIENTS/mlserver/bin/mlserver
export AIMASS_PERF_ANALYZER=$CLIENTS/perf/bin/perf_analyzer
export AIMASS_PERF_LIBRARIES=$CLIENTS/perf/nvidia/cuda_runtime/lib
cd "$CHECKS"
run() { "$CLIENTS/clients/bin/pytest" -q "$@"; }
if [ $# -gt 0 ]; then run "$@"; exit; fi
# KServe's SDK and tritonclient bring the same messages, and refuse to be loaded into one process.
status=0
run --ignore=test_kserve.py || status=1
run test_kserve.py || status=1
exit $status
