# shellcheck shell=bash
# The bases of the toolkit's images: Debian's Python (with PyTorch), and on it the packages of a requirements file. Sourced
# after builder.sh. Each is built once for what goes into it; a change of the toolkit's code touches none of them.
TOOLKIT_SCRIPTS=$ROOT/hack/images/toolkit

toolkit_debian_packages() { # name of an image: what comes from Debian
  echo ca-certificates libgomp1 python3
  case $1 in
    # OpenBLAS on OpenMP, as PyTorch: two pools of threads would fight over the cores.
    toolkit) echo libopenblas0-openmp python3-torch ;;
    toolkit-mxnet) echo libquadmath0 ;;
  esac
}
toolkit_requirements() { # name of an image
  local variant=${1#toolkit}
  echo "$ROOT/toolkit/requirements$variant.txt"
}
toolkit_base_of() { # name of an image; sets TOOLKIT_DEBIAN and TOOLKIT_BASE, the names of its two bases
  local kind=python
  case $1 in toolkit) kind=torch ;; toolkit-mxnet) kind=mxnet ;; esac
  TOOLKIT_DEBIAN=localhost/aimass/base-debian-$kind:$({ toolkit_debian_packages "$1"; cat "$TOOLKIT_SCRIPTS"/{rootfs.sh,prune.sh,debian.Containerfile}; } | short_hash)
  TOOLKIT_BASE=localhost/aimass/base-$1:$({ echo "$TOOLKIT_DEBIAN"; cat "$(toolkit_requirements "$1")" "$TOOLKIT_SCRIPTS/wheels.sh" "$ROOT/toolkit/Containerfile.base"; } | short_hash)
}
make_toolkit_debian() { # name of an image
  image_exists "$TOOLKIT_DEBIAN" && return
  local dir=$IMAGES/base-debian packages
  mapfile -t packages < <(toolkit_debian_packages "$1" | tr ' ' '\n')
  rm -rf "$dir"; mkdir -p "$dir"
  cp "$TOOLKIT_SCRIPTS/prune.sh" "$dir/"
  if [ "$BUILDER" = docker ]; then
    build_image "$TOOLKIT_DEBIAN" "$dir" "$TOOLKIT_SCRIPTS/debian.Containerfile" debian:bookworm-slim --build-arg "PACKAGES=${packages[*]}"
  else
    "$TOOLKIT_SCRIPTS/rootfs.sh" "$dir/root.tar" "${packages[@]}"
    printf 'FROM scratch\nADD root.tar /\n' > "$dir/Containerfile"
    build_image "$TOOLKIT_DEBIAN" "$dir" "$dir/Containerfile" unused
  fi
  forget_older "$TOOLKIT_DEBIAN"
  rm -rf "$dir"
}
make_toolkit_base() { # name of an image; sets TOOLKIT_BASE
  toolkit_base_of "$1"
  image_exists "$TOOLKIT_BASE" && return
  local dir=$IMAGES/base-toolkit started=$SECONDS
  make_toolkit_debian "$1"
  rm -rf "$dir"; mkdir -p "$dir"
  "$TOOLKIT_SCRIPTS/wheels.sh" "$(toolkit_requirements "$1")" "$dir/site-packages"
  build_image "$TOOLKIT_BASE" "$dir" "$ROOT/toolkit/Containerfile.base" "$TOOLKIT_DEBIAN"
  forget_older "$TOOLKIT_BASE"
  rm -rf "$dir"
  say "  built $TOOLKIT_BASE in $((SECONDS - started)) s"
}
make_toolkit_context() { # sets CONTEXT: the toolkit's code, without what running it leaves behind
  CONTEXT=$IMAGES/toolkit-context
  rm -rf "$CONTEXT"; cp -r "$ROOT/toolkit/src" "$CONTEXT"
  find "$CONTEXT" -name __pycache__ -prune -exec rm -rf {} +
  chmod -R a+rX "$CONTEXT"
}
