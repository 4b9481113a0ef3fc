#!/usr/bin/env bash
# Puts the Python packages of a requirements file into FOLDER, for Python 3.11 on Debian bookworm, whatever this machine has.
# The file names every package, so nothing is resolved; tests and sources of extensions are left out.
#   wheels.sh REQUIREMENTS FOLDER
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${AIMASS_CACHE:-$HOME/.cache/aimass}
REQUIREMENTS=$1 FOLDER=$2
LOG=$CACHE/log/pip-toolkit.log
mkdir -p "$CACHE/log"
"$HERE/../../local-cluster/packages.sh" python
[ -x "$CACHE/venv-wheels/bin/pip" ] || python3 -m venv "$CACHE/venv-wheels"

machine=$(uname -m) platforms=()
# glibc 2.36 runs what was built for any older one; pip wants each named.
for glibc in 36 35 34 33 32 31 28 27 26 24 17 12 5; do platforms+=(--platform "manylinux_2_${glibc}_$machine"); done
for year in 2014 2010 1; do platforms+=(--platform "manylinux${year}_$machine"); done
echo "  downloading Python packages (log: $LOG)" >&2
rm -rf "$FOLDER"
"$CACHE/venv-wheels/bin/pip" install --disable-pip-version-check --no-compile --no-deps --only-binary=:all: \
  --python-version 3.11 --implementation cp "${platforms[@]}" --target "$FOLDER" -r "$REQUIREMENTS" > "$LOG" 2>&1 ||
  { tail "$LOG" >&2; exit 1; }
find "$FOLDER" -type d -name tests -prune -exec rm -rf {} +
rm -rf "$FOLDER"/onnx/backend/test "$FOLDER"/joblib/test
find "$FOLDER" -type f \( -name '*.a' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.cpp' -o -name '*.h' -o -name '*.hpp' \) -delete
rm -rf "$FOLDER/bin" "$FOLDER/share"
