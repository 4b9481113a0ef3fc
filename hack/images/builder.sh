# shellcheck shell=bash
# What builds images: Docker where it runs, else buildah. Sourced; sets BUILDER and BUILDAH.
CACHE=${AIMASS_CACHE:-$HOME/.cache/aimass}
IMAGES=$CACHE/images

say() { printf '%s\n' "$*" >&2; }
fail() { say "${0##*/}: $*"; exit 1; }
short_hash() { sha256sum | cut -c 1-12; }
folder_hash() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum) | short_hash; }

choose_builder() {
  if docker info > /dev/null 2>&1; then BUILDER=docker; return; fi
  BUILDER=buildah
  "$ROOT/hack/local-cluster/packages.sh" images
  # Storage of our own: other images on this machine stay as they are. Overlay cannot lie on overlay.
  local driver=overlay
  mkdir -p "$CACHE/buildah"
  [ "$(stat -f -c %T "$CACHE/buildah")" != overlayfs ] || driver=vfs
  BUILDAH=(buildah --storage-driver "$driver" --root "$CACHE/buildah/root" --runroot "$CACHE/buildah/run")
}
image_exists() { # image
  if [ "$BUILDER" = docker ]; then docker image inspect "$1" > /dev/null 2>&1; else "${BUILDAH[@]}" inspect "$1" > /dev/null 2>&1; fi
}
forget_older() { # image: removes what was built before under the same name; nothing refers to it but clusters, which have it
  [ "$BUILDER" = buildah ] || return 0
  "${BUILDAH[@]}" images --format '{{.Name}}:{{.Tag}}' | grep "^${1%:*}:" | grep -vxF "$1" | xargs -r "${BUILDAH[@]}" rmi > /dev/null 2>&1 || true
}
build_image() { # image context Containerfile base [more arguments]
  local image=$1 context=$2 containerfile=$3 base=$4; shift 4
  if [ "$BUILDER" = docker ]; then
    docker build -q -f "$containerfile" -t "$image" --build-arg "BASE=$base" "$@" "$context" >&2
  else
    "${BUILDAH[@]}" build --isolation chroot -q -f "$containerfile" -t "$image" --build-arg "BASE=$base" "$@" "$context" > /dev/null
  fi
}
