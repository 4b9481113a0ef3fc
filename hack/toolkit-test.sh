#!/usr/bin/env bash
# Tests of the toolkit, inside its images: what passes here runs in a cluster. Needs root, or Docker.
#   toolkit-test.sh [--image main|tensorflow|paddle|mxnet|all] [ARGUMENTS FOR PYTEST]
#     The image main (the default) runs toolkit/tests; the others run toolkit/tests/tensorflow and so on.
#   toolkit-test.sh [--image NAME] --shell COMMAND...   runs any command in the image; any number at the same time
# The folder toolkit is /toolkit, read-only, and its code the one that `import aimass_toolkit` finds: no image is built for a
# change of it. /scratch is writable and new, or AIMASS_SCRATCH if that names a folder. The user is 65532, as in a cluster.
# The last line of tests is "N passed, N failed".
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=hack/images/builder.sh
. "$ROOT/hack/images/builder.sh"
# shellcheck source=hack/images/toolkit/bases.sh
. "$ROOT/hack/images/toolkit/bases.sh"

IMAGE_PATH=/opt/toolkit/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/node_modules/.bin
container=''
scratch=$(mktemp -d)
clean_up() {
  [ -z "$container" ] || "${BUILDAH[@]}" rm "$container" > /dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

image_of() { case $1 in main) echo toolkit ;; tensorflow | paddle | mxnet) echo "toolkit-$1" ;; *) fail "there is no image \"$1\"; there are main, tensorflow, paddle and mxnet" ;; esac; }
need_base() { # name of an image: builds its base when it is missing; sets TOOLKIT_BASE
  toolkit_base_of "$1"
  image_exists "$TOOLKIT_BASE" || "$ROOT/hack/images.sh" "$1-base" > /dev/null
}
need_pytest() { # sets PYTEST, the folder it is installed in
  PYTEST=$CACHE/toolkit-pytest-$(cat "$ROOT/toolkit/requirements-test.txt" "$TOOLKIT_SCRIPTS/wheels.sh" | short_hash)
  [ ! -d "$PYTEST" ] || return 0
  "$TOOLKIT_SCRIPTS/wheels.sh" "$ROOT/toolkit/requirements-test.txt" "$PYTEST.part-$$"
  # Somebody else may have been faster.
  mv -T "$PYTEST.part-$$" "$PYTEST" 2> /dev/null || rm -rf "$PYTEST.part-$$"
}
run_in() { # name of an image, command...: the command's exit code is that of this function
  local image=$1 folder=${AIMASS_SCRATCH:-$scratch} code=0; shift
  # The runtime and its Node: some tests have it verify what was converted.
  local mounts=(-v "$ROOT/runtime:/runtime:ro" -v "$ROOT/crds:/crds:ro" -v "$ROOT/node_modules:/node_modules:ro" -v "$ROOT/package.json:/package.json:ro")
  mounts+=(-v "$ROOT/toolkit:/toolkit:ro" -v "$ROOT/toolkit/src:/opt/toolkit/src:ro" -v "$folder:/scratch" -v "${PYTEST:-$scratch}:/opt/pytest:ro")
  # mktemp makes a folder that is closed to others.
  chmod 777 "$folder"
  need_base "$image"
  if [ "$BUILDER" = docker ]; then
    docker run --rm --read-only --tmpfs /tmp --user 65532:65532 --workdir /scratch "${mounts[@]}" -e PYTHONPATH=/opt/pytest -e PATH="$IMAGE_PATH" "$TOOLKIT_BASE" "$@" || code=$?
    return "$code"
  fi
  container=$("${BUILDAH[@]}" from --pull-never --name "aimass-toolkit-test-$$-$RANDOM" "$TOOLKIT_BASE")
  "${BUILDAH[@]}" run --isolation chroot --hostname localhost --user 65532:65532 --workingdir /scratch "${mounts[@]}" --env PYTHONPATH=/opt/pytest --env PATH="$IMAGE_PATH" \
    "$container" -- "$@" || code=$?
  "${BUILDAH[@]}" rm "$container" > /dev/null
  container=''
  return "$code"
}
count_report() { # file: passed, failed and skipped tests of a report in JUnit's format; none at all is a failure
  python3 - "$1" << 'END'
import sys
import xml.etree.ElementTree as tree

try:
    suites = list(tree.parse(sys.argv[1]).iter("testsuite"))
except (OSError, tree.ParseError):
    suites = []
total, bad, skipped = (
    sum(int(suite.get(key, 0)) for suite in suites for key in keys)
    for keys in (("tests",), ("failures", "errors"), ("skipped",))
)
print(total - bad - skipped, bad if total else 1, skipped)
END
}
run_tests() { # main | tensorflow | paddle, arguments for pytest...
  local kind=$1 folder=/toolkit/tests ignored=(--ignore=/toolkit/tests/{tensorflow,paddle,mxnet}); shift
  [ "$kind" = main ] || { folder=/toolkit/tests/$kind; ignored=(); }
  local report=${AIMASS_SCRATCH:-$scratch}/report-$kind.xml arguments=("$@") argument paths=0
  # Paths among the arguments are paths from the repository, from toolkit, or of the image.
  for argument in "$@"; do case $argument in *.py* | tests/* | toolkit/* | /toolkit/*) paths=1 ;; esac; done
  [ "$paths" = 1 ] || arguments+=("$folder")
  arguments=("${arguments[@]#toolkit/}")
  rm -f "$report"
  need_pytest
  run_in "$(image_of "$kind")" sh -c 'cd /toolkit && exec python3 -m pytest "$@"' sh -q --rootdir /toolkit --basetemp /scratch/pytest \
    "--junitxml=/scratch/${report##*/}" "${ignored[@]}" "${arguments[@]}" || true
  local good bad left
  read -r good bad left <<< "$(count_report "$report")"
  passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + left))
}

kind=main
if [ "${1:-}" = --image ]; then kind=${2:?"--image needs a name: main, tensorflow, paddle or all"}; shift 2; fi
mkdir -p "$CACHE/log"
choose_builder
if [ "${1:-}" = --shell ]; then shift; code=0; run_in "$(image_of "$kind")" "$@" || code=$?; exit "$code"; fi

passed=0 failed=0 skipped=0
kinds=("$kind")
[ "$kind" != all ] || kinds=(main tensorflow paddle mxnet)
for kind in "${kinds[@]}"; do run_tests "$kind" "$@"; done
[ "$skipped" = 0 ] || echo "$skipped tests were not run, for the reasons above (SKIPPED)"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
