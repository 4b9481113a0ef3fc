#!/usr/bin/env bash
# Style of all Python code, and tests of the Python packages (sdk/python, cli) against the real server, and, where they are
# there, a real API server and cluster: python-test.sh [ARGUMENTS FOR PYTEST]. AIMASS_TEST_KUBECONFIG names a cluster with
# AI Mass and the service AIMASS_TEST_SERVICE (default iris) ready in the namespace AIMASS_TEST_NAMESPACE (default default).
# Needs python3 with venv, and the npm packages. The last line is "N passed, N failed"; tests that did not run are listed.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export AIMASS_CACHE=${AIMASS_CACHE:-$HOME/.cache/aimass}
VENV=$AIMASS_CACHE/venv-python
mkdir -p "$AIMASS_CACHE/log"

install() { # the packages themselves are linked, so only a change of what they need installs anew
  local want
  want=$(cat "$ROOT"/{sdk/python,cli}/pyproject.toml "${BASH_SOURCE[0]}" <(python3 --version) <(echo "$ROOT") | sha256sum)
  [ "$(cat "$VENV/.aimass-installed" 2> /dev/null)" != "$want" ] || return 0
  echo "▸ Python packages (log: $AIMASS_CACHE/log/pip.log)"
  {
    [ -x "$VENV/bin/python" ] || python3 -m venv "$VENV"
    "$VENV/bin/pip" install --disable-pip-version-check -e "$ROOT/sdk/python[test]" -e "$ROOT/cli[test]" ruff mypy types-protobuf
  } > "$AIMASS_CACHE/log/pip.log" 2>&1 || {
    tail -n 20 "$AIMASS_CACHE/log/pip.log" >&2
    echo "installing the Python packages failed; the whole log is $AIMASS_CACHE/log/pip.log" >&2
    exit 1
  }
  echo "$want" > "$VENV/.aimass-installed"
}

check() { # NAME COMMAND...: one check, counted as one test
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then passed=$((passed + 1)); else failed=$((failed + 1)); echo "✗ $name"; echo "$output"; fi
}

run_tests() { # FOLDER ARGUMENTS...: runs pytest there and counts from its report
  local folder=$1 report counts
  shift
  report=$(mktemp)
  (cd "$ROOT/$folder" && "$VENV/bin/pytest" -q --junitxml="$report" "$@") || true
  counts=$("$VENV/bin/python" - "$report" << 'END'
import sys
import xml.etree.ElementTree as tree

try:
    suites = list(tree.parse(sys.argv[1]).iter("testsuite"))
except tree.ParseError:
    suites = []
total, bad, skipped = (
    sum(int(suite.get(key, 0)) for suite in suites for key in keys)
    for keys in (("tests",), ("failures", "errors"), ("skipped",))
)
# No report at all is a failure.
print(total - bad - skipped, bad if suites else 1, skipped)
END
  )
  rm -f "$report"
  local good bad left
  read -r good bad left <<< "$counts"
  passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + left))
}

install
passed=0 failed=0 skipped=0
export PATH=$VENV/bin:$PATH
for folder in sdk/python cli toolkit; do
  cd "$ROOT/$folder"
  check "$folder: ruff" ruff check --no-cache .
  check "$folder: ruff format" ruff format --no-cache --check .
  # The libraries of the toolkit are in its image only.
  [ "$folder" != toolkit ] || continue
  check "$folder: mypy" mypy --cache-dir "$AIMASS_CACHE/mypy-$(basename "$folder")"
done
run_tests sdk/python "$@"
run_tests cli "$@"
[ "$skipped" = 0 ] || echo "$skipped tests were not run, for the reasons above (SKIPPED)"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
