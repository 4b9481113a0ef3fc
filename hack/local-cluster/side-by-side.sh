#!/usr/bin/env bash
# Proves what cluster.sh promises: two clusters run side by side, a half-dead one is replaced, and nothing is left behind.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${AIMASS_CACHE:-$HOME/.cache/aimass}
export PATH=$CACHE/bin:$PATH:/usr/sbin:/sbin
NAMES=("side-a-$$" "side-b-$$")
trap 'for name in "${NAMES[@]}"; do "$HERE/cluster.sh" down --name "$name"; done' EXIT

fail() { echo "side-by-side.sh: $*" >&2; exit 1; }
in_cluster() { local name=$1; shift; kubectl --kubeconfig "$CACHE/clusters/$name/kubeconfig" "$@"; }
run_pod() { # name image: a pod that says the name of its cluster, and can be asked
  in_cluster "$1" run speaker --image="$2" --env="CLUSTER=$1" --command -- \
    node -e 'console.log("this is " + process.env.CLUSTER); setInterval(() => {}, 1000)' > /dev/null
  in_cluster "$1" wait pod/speaker --for=condition=Ready --timeout=60s > /dev/null
  [ "$(in_cluster "$1" logs speaker)" = "this is $1" ] || fail "kubectl logs does not answer in $1"
  [ "$(in_cluster "$1" exec speaker -- node -p process.env.CLUSTER)" = "$1" ] || fail "kubectl exec does not answer in $1"
}
left_behind() { # name: whatever still exists of a cluster
  pgrep -af "/clusters/$1/" || true
  grep -F "/clusters/$1/" /proc/mounts || true
  find /sys/fs/cgroup -maxdepth 3 -type d -name "aimass-$1" || true
  find /run/netns "$CACHE/clusters" -maxdepth 1 -name "*$1*" 2> /dev/null || true
}

for name in "${NAMES[@]}"; do
  "$HERE/cluster.sh" up --name "$name"
  image=$("$HERE/../images.sh" --load "$name" operator | sed 's/^operator=//')
  run_pod "$name" "$image"
done
echo "two clusters answer side by side"

kill -9 "$(pgrep -f "^kubelet .*/clusters/${NAMES[1]}/")"
! "$HERE/cluster.sh" status --name "${NAMES[1]}" || fail "a cluster without kubelet says that it is whole"
"$HERE/cluster.sh" up --name "${NAMES[1]}"
"$HERE/cluster.sh" status --name "${NAMES[1]}"
[ "$(in_cluster "${NAMES[0]}" logs speaker)" = "this is ${NAMES[0]}" ] || fail "replacing one cluster has hurt the other"
echo "a half-dead cluster was replaced"

for name in "${NAMES[@]}"; do
  "$HERE/cluster.sh" down --name "$name"
  left=$(left_behind "$name")
  [ -z "$left" ] || fail "after down of $name there is still: $left"
done
echo "nothing is left behind"
