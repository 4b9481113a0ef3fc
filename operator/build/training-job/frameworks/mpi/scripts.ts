/**
 * How programs get onto the workers with neither ssh nor a server: the workers share the folder of their run, so worker I
 * looks for requests in ROOT/.launch/JOB/I. `launch COMMAND` runs the command on worker 0 and waits for requests on the
 * others, until the command has ended. `ssh HOST COMMAND` stands where Open MPI, MPICH, Intel MPI and horovodrun look for
 * ssh; it writes a request and passes on what the command prints and how it ends. Both need a POSIX shell and coreutils or
 * BusyBox in the image, and nothing else.
 *
 * A request ID is ID.run, then ID.taken; its output grows in ID.out and ID.err, its end is ID.code, and ID.stop ends it.
 * Files get their name when they are whole.
 */

/** Halves of a second, where the image can count them. */
const NAP = `nap() { sleep 0.5 2> /dev/null || sleep 1; }`;

/** Starts the program of several workers. */
export const LAUNCH = `#!/bin/sh
# Worker 0 runs the command; the others start what ssh asks them to, until it has ended.
export PATH="$(dirname "$0")/bin:$PATH"
box=$AIMASS_ROOT/.launch/$AIMASS_LAUNCH
${NAP}
# A group of its own, where the image can make one, so that all of it can be ended.
begin() {
  group=$(command -v setsid || true)
  $group sh -c 'echo $$ > "$1.pid"; exec sh "$1.taken"' sh "$1" < /dev/null > "$1.out" 2> "$1.err"
  echo $? > "$1.part"
  mv "$1.part" "$1.code"
}
finish() {
  [ -s "$1.pid" ] && [ ! -e "$1.code" ] || return 0
  read -r pid < "$1.pid"
  kill -TERM "-$pid" 2> /dev/null || kill -TERM "$pid" 2> /dev/null || true
}
each() { # what to do, pattern
  for found in "$mine"/*"$2"; do
    [ ! -e "$found" ] || "$1" "\${found%"$2"}"
  done
}
take() { mv "$1.run" "$1.taken" && { begin "$1" & }; }
# Not before there is something to end.
stop() { [ ! -s "$1.pid" ] || { finish "$1"; rm -f "$1.stop"; }; }
mine=$box/$AIMASS_WORKER_INDEX
mkdir -p "$mine"
if [ "$AIMASS_WORKER_INDEX" = 0 ]; then
  "$@" &
  child=$!
  trap 'kill -TERM "$child" 2> /dev/null' TERM INT
  wait "$child"; code=$?
  while kill -0 "$child" 2> /dev/null; do wait "$child"; code=$?; done
  : > "$box/ended"
  exit "$code"
fi
trap 'each finish .pid; exit 143' TERM INT
until [ -e "$box/ended" ]; do
  each take .run
  each stop .stop
  nap & wait $!
done
each finish .pid
`;

/** Stands in place of ssh. */
export const SSH = `#!/bin/sh
# Runs a command on a worker: ssh [OPTIONS] HOST [OPTIONS] COMMAND...
options() {
  skip=0
  while [ $# -gt 0 ]; do
    case $1 in
      -[BbcDEeFIiJLlmOopQRSWw]) shift; [ $# -eq 0 ] || shift; skip=$((skip + 2)) ;;
      -*) shift; skip=$((skip + 1)) ;;
      *) return 0 ;;
    esac
  done
}
options "$@"; shift "$skip"
[ $# -gt 0 ] || { echo "ssh: no host is given" >&2; exit 255; }
host=\${1#*@}; shift
options "$@"; shift "$skip"
[ $# -gt 0 ] || { echo "ssh: no command is given for $host; workers take commands only" >&2; exit 255; }
index=0 to=
for name in $(echo "$AIMASS_WORKER_HOSTS" | tr , ' '); do
  [ "$host" != "$name" ] && [ "$host" != "\${name%%.*}" ] || to=$index
  index=$((index + 1))
done
[ "$host" != localhost ] || to=$AIMASS_WORKER_INDEX
[ -n "$to" ] || { echo "ssh: there is no worker $host; the workers are $AIMASS_WORKER_HOSTS" >&2; exit 255; }
[ "$to" != "$AIMASS_WORKER_INDEX" ] || exec sh -c "$*"
# Worker 0 answers no requests: it runs the command.
[ "$to" != 0 ] || { echo "ssh: worker 0 starts programs, and takes none" >&2; exit 255; }
box=$AIMASS_ROOT/.launch/$AIMASS_LAUNCH/$to
id=$box/$AIMASS_WORKER_INDEX.$$.$(date +%s)
${NAP}
mkdir -p "$box"
trap ': > "$id.stop"; exit 143' TERM INT HUP
printf '%s\\n' "$*" > "$id.new"
mv "$id.new" "$id.run"
out=0 err=0
since() { # file, bytes that are known; sets size
  size=$2
  [ -e "$1" ] || return 0
  size=$(($(wc -c < "$1")))
  [ "$size" -le "$2" ] || tail -c "+$(($2 + 1))" "$1" | head -c "$((size - $2))"
}
show() {
  since "$id.out" "$out"; out=$size
  since "$id.err" "$err" >&2; err=$size
}
until [ -e "$id.code" ]; do show; nap & wait $!; done
show
read -r code < "$id.code"
rm -f "$id".*
exit "$code"
`;
