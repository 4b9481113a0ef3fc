#!/usr/bin/env bash
# npm test [-- STEP... [-- ARGUMENTS FOR JEST]]: sets up what the steps need, then runs them (hack/test-all.ts).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$ROOT"

# On a fresh machine compiling Kubernetes takes longest. It begins at once, beside npm ci and the first checks; the step
# "programs" waits for it. Steps that need no programs do not start it.
case " ${*:-all} " in
  *' all '* | *' api '* | *' e2e '* | *' chart '*)
    if [ "$(id -u)" = 0 ]; then hack/local-cluster/packages.sh cluster images e2e; fi
    hack/local-cluster/build.sh all > "$AIMASS_CACHE/log/build.log" 2>&1 &
    ;;
esac
case " ${*:-all} " in *' all '* | *' library '*) if [ "$(id -u)" = 0 ]; then hack/local-cluster/packages.sh python; fi ;; esac
install_packages
[ "${1:-}" != all ] || shift
exec "$ROOT/node_modules/.bin/node" hack/test-all.ts "$@"
