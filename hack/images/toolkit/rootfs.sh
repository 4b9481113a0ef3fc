#!/usr/bin/env bash
# Makes an archive of a root file system of Debian bookworm with these packages, from the mirror this machine uses.
#   rootfs.sh ARCHIVE PACKAGES...
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${AIMASS_CACHE:-$HOME/.cache/aimass}
ARCHIVE=$1; shift
LOG=$CACHE/log/mmdebstrap.log
mkdir -p "$CACHE/log"
"$HERE/../../local-cluster/packages.sh" rootfs

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What this machine says of bookworm, and how it reaches a mirror; elsewhere Debian's own.
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2> /dev/null |
  grep -E ' bookworm(-updates|-security)? ' > "$work/sources.list" || true
grep -q ' bookworm ' "$work/sources.list" || cat > "$work/sources.list" << 'END'
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://security.debian.org/debian-security bookworm-security main
END
apt-config dump | grep -E '^Acquire::(http|https|Check-|Retries)' > "$work/apt.conf" || true
echo "  making Debian's root file system (log: $LOG)" >&2
# The hook runs outside of the new root, as root.
mmdebstrap --mode=root --variant=minbase --include="$(IFS=,; echo "$*")" --aptopt="$work/apt.conf" \
  --customize-hook="rm -f \"\$1/etc/apt/apt.conf.d/99mmdebstrap\"; sh '$HERE/prune.sh' \"\$1\"" \
  --format=tar bookworm "$ARCHIVE.part" "$work/sources.list" > "$LOG" 2>&1 || { tail "$LOG" >&2; exit 1; }
mv "$ARCHIVE.part" "$ARCHIVE"
