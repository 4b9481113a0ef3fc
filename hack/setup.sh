#!/usr/bin/env bash
# Makes the project runnable: npm packages, and with them the pinned Node. Sourced by quickstart.sh and test.sh.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export AIMASS_CACHE=${AIMASS_CACHE:-$HOME/.cache/aimass}
mkdir -p "$AIMASS_CACHE/log"

need_node() {
  local major
  command -v npm > /dev/null || { echo "npm is missing. Install Node 20 or newer with npm: https://nodejs.org" >&2; exit 1; }
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] || { echo "Node 20 or newer is needed to install the packages; this is $(node --version)" >&2; exit 1; }
}
install_packages() { # npm install, unless the lock file is the one that was installed last
  local want have=$ROOT/node_modules/.aimass-lock started=$SECONDS
  need_node
  want=$(sha256sum "$ROOT/package-lock.json" | cut -d ' ' -f 1)
  [ "$(cat "$have" 2> /dev/null)" = "$want" ] && [ -x "$ROOT/node_modules/.bin/node" ] && return
  # Somebody has installed by hand what the lock file says: npm can tell in a moment.
  if [ -x "$ROOT/node_modules/.bin/node" ] && (cd "$ROOT" && npm ls --all) > /dev/null 2>&1; then echo "$want" > "$have"; return; fi
  echo "▸ npm install (log: $AIMASS_CACHE/log/npm.log)"
  # Not `npm ci`: it refuses a lock file that was written where some platform's optional package could not be had.
  # This installs the versions of the lock file all the same, and changes neither it nor package.json.
  (cd "$ROOT" && ONNXRUNTIME_NODE_INSTALL=skip npm install --no-save --no-audit --no-fund) > "$AIMASS_CACHE/log/npm.log" 2>&1 ||
    { tail -n 20 "$AIMASS_CACHE/log/npm.log" >&2; echo "npm install failed; the whole log is $AIMASS_CACHE/log/npm.log" >&2; exit 1; }
  echo "$want" > "$have"
  echo "✓ npm install ($((SECONDS - started)) s)"
}
