#!/usr/bin/env bash
# Installs the Debian packages that a task needs, and only those whose programs are missing.
#   packages.sh cluster   containerd, runc, CNI plugins, iptables, conntrack, iproute2, openssl
#   packages.sh images    buildah
#   packages.sh rootfs    mmdebstrap, for the base of the toolkit's images
#   packages.sh tests     a registry, openssl and curl, which tests talk to
#   packages.sh metrics   Prometheus and its linter, for the end-to-end tests
#   packages.sh python    python3 with venv, for library/train
#   packages.sh clients   openssl, curl and libb64, which the checks with clients of others use
#   packages.sh e2e       Prometheus and curl, with which the end-to-end tests look at the product
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

missing=()
need() { # program-or-file package
  if [[ $1 == /* ]]; then [ -e "$1" ] || missing+=("$2"); else command -v "$1" > /dev/null || missing+=("$2"); fi
}
for task in "$@"; do
  case $task in
    cluster)
      need containerd containerd; need ctr containerd; need runc runc; need iptables iptables; need conntrack conntrack
      need ip iproute2; need openssl openssl; need nsenter util-linux; need pgrep procps
      need /usr/lib/cni/bridge containernetworking-plugins
      ;;
    images) need buildah buildah ;;
    rootfs) need mmdebstrap mmdebstrap ;;
    e2e) need promtool prometheus; need curl curl ;;
    tests) need docker-registry docker-registry; need openssl openssl; need curl curl; need git git ;;
    clients) need openssl openssl; need curl curl; [ -n "$(ldconfig -p | grep -F libb64.so.0d)" ] || missing+=(libb64-0d) ;;
    metrics) need prometheus prometheus; need promtool prometheus ;;
    python)
      need python3 python3
      # Without ensurepip, which Debian packs apart, a virtual environment has no pip.
      ! command -v python3 > /dev/null || python3 -c 'import ensurepip' 2> /dev/null || missing+=(python3-venv)
      ;;
    *) sed -n '2,10p' "$0"; exit 2 ;;
  esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
command -v apt-get > /dev/null || { echo "missing: ${missing[*]}. Install them with your package manager (these are Debian's names)." >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "missing: ${missing[*]}. Install them: sudo apt-get install --no-install-recommends ${missing[*]}" >&2; exit 1; }
echo "installing ${missing[*]} (apt)" >&2
log=${AIMASS_CACHE:-$HOME/.cache/aimass}/log/apt.log
mkdir -p "${log%/*}"
# RUNLEVEL=1: packages must not start their services; the cluster runs its own containerd.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
install() { apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"; }
install > "$log" 2>&1 || { apt-get update >> "$log" 2>&1 && install >> "$log" 2>&1; } || { tail "$log" >&2; exit 1; }
