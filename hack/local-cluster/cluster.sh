#!/usr/bin/env bash
# A real single-node Kubernetes cluster from the programs of build.sh: etcd, API server, controllers, scheduler,
# kubelet, containerd, kube-proxy, CoreDNS, metrics-server, a default StorageClass. As root; several may run side by side.
#   cluster.sh up [--audit]         start it; one that is up already is left alone, a half-dead one is replaced
#   cluster.sh down                 take everything away: processes, network, mounts, cgroups, data
#   cluster.sh load IMAGE.tar...    make images (OCI or docker archives) available to its pods
#   cluster.sh has IMAGE            exit code 0 if its pods can use that image
#   cluster.sh status               say what runs; exit code 0 only if all of it does
#   cluster.sh kubeconfig           print the path of the administrator's kubeconfig
#   cluster.sh host-address         print the address under which pods reach programs of this machine
#   cluster.sh fake-gpus N [NAME]   pretend that the node has N of an extended resource (nvidia.com/gpu)
#   cluster.sh nodes N [LABEL=V]    add N simulated nodes (kwok): pods "run" there without a container
# Every command takes --name NAME (default aimass).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/cluster-parts.sh"

up() {
  require_tools
  mkdir -p "$CLUSTERS"
  exec 8> "$CLUSTERS/.$NAME.lock"; flock 8
  if is_whole; then say "cluster $NAME is up already: export KUBECONFIG=$KUBECONFIG"; return; fi
  remove_cluster
  local started=$SECONDS
  trap 'say "starting cluster $NAME failed; logs are in $DIR/log"' ERR
  open_sandbox
  make_identities
  start_control_plane "$@"
  start_containerd
  wait_for 60 "the API server" kubectl get --raw=/readyz
  start_controllers
  start_node
  install_addons
  wait_for 60 "the node" node_is_ready
  touch "$DIR/complete"
  trap - ERR
  say "cluster $NAME is up after $((SECONDS - started)) s: export KUBECONFIG=$KUBECONFIG"
}

down() {
  mkdir -p "$CLUSTERS"
  exec 8> "$CLUSTERS/.$NAME.lock"; flock 8
  remove_cluster
  rm -f "$CLUSTERS/.$NAME.lock"
}

load() {
  local archive
  [ -n "$KEEPER" ] || fail "cluster $NAME is not up"
  for archive in "$@"; do
    inside ctr -a "$SOCKET" -n k8s.io images import --snapshotter "$(snapshotter)" "$archive" > /dev/null
  done
}

has_image() { [ -n "$KEEPER" ] && inside ctr -a "$SOCKET" -n k8s.io images ls -q "name==$1" | grep -qxF "$1"; }

fake_gpus() { # count [resource]
  local resource=${2:-nvidia.com/gpu}
  kubectl patch node "$NODE" --subresource=status --type=json \
    -p "[{\"op\":\"add\",\"path\":\"/status/capacity/${resource//\//~1}\",\"value\":\"$1\"}]"
}

add_nodes() { # count [label=value]
  local i label=${2:-simulated=true}
  [ -x "$BIN/kwok" ] || fail "kwok is missing: run hack/local-cluster/build.sh all"
  is_running kwok || start kwok kwok --kubeconfig "$DIR/admin.conf" --manage-all-nodes=false \
    --manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake --node-lease-duration-seconds=40
  for i in $(seq "$1"); do
    cat << J
{"apiVersion": "v1", "kind": "Node",
 "metadata": {"name": "simulated-$i", "annotations": {"kwok.x-k8s.io/node": "fake"}, "labels": {"${label%%=*}": "${label#*=}"}},
 "spec": {"taints": [{"key": "simulated", "value": "true", "effect": "NoSchedule"}]},
 "status": {"capacity": {"cpu": "64", "memory": "256Gi", "pods": "250"}, "allocatable": {"cpu": "64", "memory": "256Gi", "pods": "250"}}}
J
  done | kubectl apply -f -
}

status() {
  local name running=() stopped=()
  [ -n "$KEEPER" ] || { echo "cluster $NAME: down"; return 1; }
  for name in "$DIR"/pid/*; do
    if is_running "${name##*/}"; then running+=("${name##*/}"); else stopped+=("${name##*/}"); fi
  done
  echo "cluster $NAME: node $NODE_IP, host $HOST_IP, running: ${running[*]:-nothing}; stopped: ${stopped[*]:-nothing}"
  is_whole
}

arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --name) NAME=$2; shift 2 ;;
    *) arguments+=("$1"); shift ;;
  esac
done
set -- "${arguments[@]}"
choose_names
command=${1:-help}; shift || true
case $command in
  up) up "$@" ;;
  down) down ;;
  load) load "$@" ;;
  has) has_image "$1" ;;
  status) status ;;
  kubeconfig) echo "$KUBECONFIG" ;;
  host-address) echo "$HOST_IP" ;;
  fake-gpus) fake_gpus "$@" ;;
  nodes) add_nodes "$@" ;;
  *) sed -n '2,13p' "$0"; exit 2 ;;
esac
