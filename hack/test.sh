#!/usr/bin/env bash
# npm test [-- STEP... [-- ARGUMENTS FOR JEST]]: sets up what the steps need, then runs them (hack/test-all.ts).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$ROOT"

steps=" ${*:-all} "
wants() { local name; for name in all "$@"; do [[ $steps != *" $name "* ]] || return 0; done; return 1; }

# On a fresh machine compiling Kubernetes takes longest. It begins at once, beside apt, npm and the first checks; the step
# "programs" waits for it. Steps that need no programs do not start it.
if wants api e2e chart python; then hack/local-cluster/build.sh all > "$AIMASS_CACHE/log/build.log" 2>&1 & fi
if wants unit e2e; then hack/local-cluster/build.sh tests > "$AIMASS_CACHE/log/build-tests.log" 2>&1 & fi
packages=()
! wants unit api || packages+=(tests)
! wants e2e || packages+=(cluster images metrics tests)
! wants library python || packages+=(python)
! wants clients || packages+=(python clients)
if [ ${#packages[@]} -gt 0 ] && [ "$(id -u)" = 0 ]; then hack/local-cluster/packages.sh "${packages[@]}"; fi
install_packages
[ "${1:-}" != all ] || shift
exec "$ROOT/node_modules/.bin/node" hack/test-all.ts "$@"
