#!/usr/bin/env bash
# Makes the build context of the runtime's GPU variant: the plain runtime, with onnxruntime's libraries for CUDA and TensorRT in
# place of those for the CPU, and NVIDIA's libraries in gpu/. Downloads 1.5 GB the first time.
#   gpu-context.sh RUNTIME_CONTEXT FOLDER
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RUNTIME=$1 FOLDER=$2
CACHE=${AIMASS_CACHE:-$HOME/.cache/aimass}/gpu
"$HERE/../local-cluster/packages.sh" python
mkdir -p "$CACHE/log"
[ -x "$CACHE/venv/bin/pip" ] || python3 -m venv "$CACHE/venv"

wheels=$CACHE/wheels-$(sha256sum "$HERE/gpu-requirements.txt" | cut -c 1-12)
if [ ! -e "$wheels.done" ]; then
  echo "  downloading the libraries of the GPU (1.5 GB; log: $CACHE/log/pip.log)" >&2
  rm -rf "$CACHE"/wheels-*
  # The libraries do not depend on Python's version: any wheel of onnxruntime-gpu carries the same.
  "$CACHE/venv/bin/pip" download --no-deps -d "$wheels" -r "$HERE/gpu-requirements.txt" > "$CACHE/log/pip.log" 2>&1 ||
    { tail "$CACHE/log/pip.log" >&2; exit 1; }
  touch "$wheels.done"
fi

rm -rf "$FOLDER"
mkdir -p "$FOLDER/gpu" "$FOLDER/unpacked"
cp -a "$RUNTIME/." "$FOLDER/"
for wheel in "$wheels"/*.whl; do
  "$CACHE/venv/bin/python" -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if ".so" in name])' "$wheel" "$FOLDER/unpacked"
done
engine=$(echo "$FOLDER"/node_modules/onnxruntime-node/bin/napi-v6/linux/*)
# Both come from one build: providers of another build of the library do not load.
cp "$FOLDER"/unpacked/onnxruntime/capi/libonnxruntime.so.* "$engine/libonnxruntime.so.1"
cp "$FOLDER"/unpacked/onnxruntime/capi/libonnxruntime_providers_{shared,cuda,tensorrt}.so "$engine/"
find "$FOLDER/unpacked/nvidia" -name '*.so*' -exec mv -t "$FOLDER/gpu" {} +
rm -rf "$FOLDER/unpacked"
