#!/usr/bin/env bash
# Builds the images operator, runtime, registry and toolkit, and puts them where a cluster finds them. Without a container
# registry the base comes from Debian packages and node_modules; with Docker it is node:24-bookworm-slim.
# A tag is a hash of what goes in: what has not changed is not built, and not loaded, again.
#   images.sh [--load CLUSTER | --kind CLUSTER | --minikube PROFILE | --push HOST/PATH] [--base IMAGE] [NAMES]
#     Without names: operator runtime registry toolkit. By name also runtime-gpu, the runtime with CUDA and TensorRT (2.5 GB),
#     toolkit-tensorflow, toolkit-paddle and toolkit-mxnet, the toolkit with these frameworks in place of PyTorch, and
#     toolkit-base (or toolkit-paddle-base …), which is the toolkit without its own code, for tests.
#     --load      into a cluster of hack/local-cluster/cluster.sh
#     --kind, --minikube  into that cluster
#     --push HOST/PATH    to a registry, as HOST/PATH/operator:TAG and so on
# Prints one line an image: operator=localhost/aimass/operator:TAG
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
# shellcheck source=hack/images/builder.sh
. "$HERE/images/builder.sh"
# shellcheck source=hack/images/toolkit/bases.sh
. "$HERE/images/toolkit/bases.sh"
export PATH=$ROOT/node_modules/.bin:$PATH:/usr/sbin:/sbin
# The script is part of what goes into the base images.
SCRIPT_HASH=$(sha256sum "${BASH_SOURCE[0]}" | cut -c 1-12)

# --- bases without a container registry --------------------------------------------------------------------------
unpack_packages() { # folder packages...: what they contain, without their dependencies and without running anything
  local into=$1 downloads; shift
  downloads=$(mktemp -d)
  # apt fetches as a user of its own, who has to be able to write here.
  chmod 777 "$downloads"
  (cd "$downloads" && apt-get download "$@") > "$CACHE/log/apt-download.log" 2>&1 ||
    (apt-get update && cd "$downloads" && apt-get download "$@") >> "$CACHE/log/apt-download.log" 2>&1 ||
    { tail "$CACHE/log/apt-download.log" >&2; fail "could not download the packages $*"; }
  local package
  for package in "$downloads"/*.deb; do dpkg-deb -x "$package" "$into"; done
  rm -rf "$downloads"
}
# The C and C++ libraries, certificates and time zones: no shell, no package manager.
make_system_base() {
  SYSTEM_BASE=localhost/aimass/base-system:$SCRIPT_HASH
  image_exists "$SYSTEM_BASE" && return
  local dir=$IMAGES/base-system
  rm -rf "$dir"; mkdir -p "$dir/files"
  unpack_packages "$dir/files" libc6 libstdc++6 libgcc-s1 libsmartcols1 libcap-ng0 ca-certificates tzdata
  # Of util-linux only what the runtime bounds the processes of models with: their memory, and their life by its own.
  unpack_packages "$dir/util-linux" util-linux
  mkdir -p "$dir/files/usr/bin"
  cp "$dir"/util-linux/usr/bin/{prlimit,setpriv} "$dir/files/usr/bin/"
  rm -rf "$dir"/files/usr/share/{doc,man,lintian,gdb,info}
  mkdir -p "$dir"/files/{etc/ssl/certs,tmp,run,proc,sys,dev,home/aimass,var/lib}
  chmod 1777 "$dir/files/tmp"
  cat "$dir"/files/usr/share/ca-certificates/mozilla/*.crt > "$dir/files/etc/ssl/certs/ca-certificates.crt"
  printf 'root:x:0:0:root:/:/sbin/nologin\naimass:x:65532:65532:aimass:/home/aimass:/sbin/nologin\n' > "$dir/files/etc/passwd"
  printf 'root:x:0:\naimass:x:65532:\n' > "$dir/files/etc/group"
  printf 'hosts: files dns\n' > "$dir/files/etc/nsswitch.conf"
  printf 'FROM scratch\nCOPY files /\nENV PATH=/usr/local/bin:/usr/bin\n' > "$dir/Containerfile"
  build_image "$SYSTEM_BASE" "$dir" "$dir/Containerfile" unused
  forget_older "$SYSTEM_BASE"
  rm -rf "$dir"
}
make_node_base() {
  make_system_base
  NODE_BASE=localhost/aimass/base-node:$SCRIPT_HASH-$(node --version)
  image_exists "$NODE_BASE" && return
  local dir=$IMAGES/base-node
  rm -rf "$dir"; mkdir -p "$dir"
  cp "$(node -p process.execPath)" "$dir/node"
  printf 'ARG BASE\nFROM ${BASE}\nCOPY node /usr/local/bin/node\n' > "$dir/Containerfile"
  build_image "$NODE_BASE" "$dir" "$dir/Containerfile" "$SYSTEM_BASE"
  forget_older "$NODE_BASE"
  rm -rf "$dir"
}
make_registry_context() {
  CONTEXT=$IMAGES/registry-context-$SCRIPT_HASH
  [ -f "$CONTEXT/usr/bin/docker-registry" ] && return
  rm -rf "$IMAGES"/registry-context-*; mkdir -p "$CONTEXT"
  unpack_packages "$CONTEXT" docker-registry
}

# --- images ------------------------------------------------------------------------------------------------------
make_image() { # a name; sets IMAGE
  local name=$1 base containerfile
  case $name in
    registry)
      make_registry_context
      containerfile=$HERE/images/registry.Containerfile
      if [ "$BUILDER" = buildah ]; then make_system_base; base=$SYSTEM_BASE; else base=debian:bookworm-slim; fi
      ;;
    operator | runtime)
      CONTEXT=$(node "$HERE/bundle.ts" "$name")
      containerfile=$ROOT/$name/Containerfile
      if [ -n "$BASE" ]; then base=$BASE
      elif [ "$BUILDER" = buildah ]; then make_node_base; base=$NODE_BASE
      else base=node:24-bookworm-slim; fi
      ;;
    runtime-gpu)
      CONTEXT=$IMAGES/runtime-gpu-context
      "$HERE/images/gpu-context.sh" "$(node "$HERE/bundle.ts" runtime)" "$CONTEXT"
      containerfile=$HERE/images/runtime-gpu.Containerfile
      if [ -n "$BASE" ]; then base=$BASE
      elif [ "$BUILDER" = buildah ]; then make_node_base; base=$NODE_BASE
      else base=node:24-bookworm-slim; fi
      ;;
    toolkit-base | toolkit-tensorflow-base | toolkit-paddle-base | toolkit-mxnet-base) make_toolkit_base "${name%-base}"; IMAGE=$TOOLKIT_BASE; return ;;
    toolkit | toolkit-tensorflow | toolkit-paddle | toolkit-mxnet)
      make_toolkit_base "$name"
      make_toolkit_context
      containerfile=$ROOT/toolkit/Containerfile base=$TOOLKIT_BASE
      ;;
    *) fail "there is no image \"$name\"; there are operator, runtime, registry, runtime-gpu, toolkit, toolkit-tensorflow, toolkit-paddle and toolkit-mxnet" ;;
  esac
  IMAGE=localhost/aimass/$name:$({ folder_hash "$CONTEXT"; cat "$containerfile"; echo "$base"; } | short_hash)
  image_exists "$IMAGE" && return
  local started=$SECONDS
  build_image "$IMAGE" "$CONTEXT" "$containerfile" "$base"
  forget_older "$IMAGE"
  say "  built $IMAGE in $((SECONDS - started)) s"
}
archive_of() { # image: its archive, not compressed because it goes no further than this machine, made when absent; older ones of the same name go
  local name=${1%:*} keep=60
  # More than 1 GB each.
  [[ $name != */toolkit* ]] || keep=0
  ARCHIVE=$IMAGES/${name##*/}-${1##*:}.tar
  [ -f "$ARCHIVE" ] && return
  find "$IMAGES" -maxdepth 1 -name "${name##*/}-????????????.tar" -mmin "+$keep" -delete
  if [ "$BUILDER" = docker ]; then docker save -o "$ARCHIVE.part" "$1"
  else "${BUILDAH[@]}" push -q "$1" "docker-archive:$ARCHIVE.part:$1"; fi
  mv "$ARCHIVE.part" "$ARCHIVE"
}
deliver() { # image
  local pushed
  case $TARGET in
    '') ;;
    local) "$HERE/local-cluster/cluster.sh" has "$1" --name "$PLACE" || { archive_of "$1"; "$HERE/local-cluster/cluster.sh" load "$ARCHIVE" --name "$PLACE"; } ;;
    kind) if [ "$BUILDER" = docker ]; then kind load docker-image --name "$PLACE" "$1" >&2; else archive_of "$1"; kind load image-archive --name "$PLACE" "$ARCHIVE" >&2; fi ;;
    minikube) archive_of "$1"; minikube --profile "$PLACE" image load "$ARCHIVE" >&2 ;;
    push)
      pushed=$PLACE/${1#localhost/aimass/}
      if [ "$BUILDER" = docker ]; then docker tag "$1" "$pushed" && docker push -q "$pushed" >&2; else "${BUILDAH[@]}" push -q "$1" "docker://$pushed" >&2; fi
      IMAGE=$pushed
      ;;
  esac
}

TARGET='' PLACE='' BASE='' names=()
while [ $# -gt 0 ]; do
  case $1 in
    --load) TARGET=local PLACE=$2; shift 2 ;;
    --kind) TARGET=kind PLACE=$2; shift 2 ;;
    --minikube) TARGET=minikube PLACE=$2; shift 2 ;;
    --push) TARGET=push PLACE=$2; shift 2 ;;
    --base) BASE=$2; shift 2 ;;
    -*) sed -n '2,14p' "$0"; exit 2 ;;
    *) names+=("$1"); shift ;;
  esac
done
[ ${#names[@]} -gt 0 ] || names=(operator runtime registry toolkit)
mkdir -p "$IMAGES" "$CACHE/log"
exec 9> "$CACHE/images.lock"; flock 9
choose_builder
for name in "${names[@]}"; do
  make_image "$name"
  deliver "$IMAGE"
  echo "$name=$IMAGE"
done
