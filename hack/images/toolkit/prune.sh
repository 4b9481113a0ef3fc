#!/bin/sh
# Takes out of Debian's root file system ROOT what no container of the toolkit reads: documents, tests, and what PyTorch's
# packages bring along for screens and video hardware. Licences stay.
#   prune.sh ROOT
set -eu
cd "$1"
find usr/share/doc \( -type f -o -type l \) ! -name copyright -delete
rm -rf usr/share/man usr/share/info usr/share/locale usr/share/lintian usr/share/gdb usr/share/bug
rm -rf usr/share/proj usr/share/gdal usr/share/mime usr/share/X11 usr/share/icons usr/share/fonts usr/share/perl usr/share/libmysofa
rm -rf var/cache/apt/* var/cache/debconf/*-old var/lib/apt/lists/* var/log/*
for libraries in usr/lib/*-linux-gnu; do
  rm -f "$libraries"/*.a "$libraries"/libLLVM* "$libraries"/libz3.so* "$libraries"/libmfxhw64* "$libraries"/libmfx-tracer* "$libraries"/libperl*
  (cd "$libraries" && rm -rf dri mfx perl qt5 gdalplugins gstreamer-1.0 gstreamer1.0 libgphoto2 libgphoto2_port vdpau gdk-pixbuf-2.0 libmariadb3 blas lapack)
done
rm -rf usr/lib/libtorch-test
packages=usr/lib/python3/dist-packages
# The toolkit brings a newer NumPy.
rm -rf usr/lib/python3.11/dist-packages/numpy "$packages"/numpy "$packages"/numpy-* "$packages"/torch/include "$packages"/torch/testing/_internal/generated
find "$packages"/torch/bin -type f ! -name torch_shm_manager -delete 2> /dev/null || true
rm -rf "$packages"/sympy/integrals/rubi
find "$packages" usr/lib/python3.* -type d -name tests -prune -exec rm -rf {} +
