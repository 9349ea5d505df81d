#!/usr/bin/env bash
# engine-drill.bash SCRIPTS STATE-DIR IMAGE-TAR: kills an engine in the ways a test machine does and prints what it then sees,
# one `name=value` a line. Runs only in namespaces of its own, where nothing else can be hit:
#   unshare --net --mount --pid --fork --kill-child --mount-proc bash engine-drill.bash …
set -euo pipefail
exec </dev/null
[ "$$" = 1 ] || { echo "engine-drill.bash: not in a pid namespace of its own" >&2 && exit 1; }
scripts=$1 image_tar=$3
export HEADWAITER_STATE_DIR=$2 HOME=/nonexistent
unset DOCKER_HOST XDG_RUNTIME_DIR
mount -t tmpfs none /run # hides the machine's own engine sockets

# Names of the live processes of an engine, sorted; the dead wait for nobody to reap them.
engine_processes() {
  local process name
  for process in /proc/[0-9]*; do
    name=$(cat "$process/comm" 2>/dev/null) || continue
    grep --quiet '^State:.Z' "$process/status" 2>/dev/null && continue
    case $name in dockerd | containerd* | consul) echo "$name" ;; esac
  done | sort | xargs
}
see() { printf '%s=%s\n' "$1" "$2"; }
# The first ones killed may take others with them.
kill_all() { for pid in $(pidof "$@"); do kill -KILL "$pid" 2>/dev/null || true; done; }
start_consul() { docker run --detach "$image" agent -dev >/dev/null; }
named() { grep --files-with-matches --line-regexp "$1" /proc/[0-9]*/comm 2>/dev/null || true; }
until_named() { until [ -n "$(named "$1")" ]; do sleep 0.05; done; }
see_working() { see "$1" "$(docker run --rm "$image" version 2>/dev/null | grep --count '^Consul v')"; }

said=$(mktemp)
see "callers at once" "$(for _ in 1 2 3 4; do "$scripts/engine" up 2>>"$said" & done | sort | uniq --count | xargs)"
see "daemons they started" "$(grep --count '^starting' "$said")"
see "their processes" "$(engine_processes)"
rm "$said"

DOCKER_HOST=$("$scripts/engine" status)
export DOCKER_HOST
image=$(docker load --quiet --input "$image_tar" | sed 's/.*: //')

start_consul
kill_all dockerd
"$scripts/engine" up >/dev/null
see "processes after a killed daemon" "$(engine_processes)"
see_working "works after a killed daemon"

start_consul
kill_all dockerd containerd containerd-shim-runc-v2
"$scripts/engine" up >/dev/null
see "processes after a killed tree" "$(engine_processes)"
see_working "works after a killed tree"

start_consul
kill_all dockerd
"$scripts/engine" stop
see "processes after stopping a killed one" "$(engine_processes)"
see "mounts after stopping a killed one" "$(grep --count "$HEADWAITER_STATE_DIR/" /proc/self/mounts || true)"

sleep 600 &
bystander=$!
mkdir -p "$HEADWAITER_STATE_DIR/exec/containerd"
echo "$bystander" | tee "$HEADWAITER_STATE_DIR/pid" >"$HEADWAITER_STATE_DIR/exec/containerd/containerd.pid"
"$scripts/engine" up >/dev/null
see_working "works beside a reused pid"

start_consul
"$scripts/engine" stop
see "processes after a stop" "$(engine_processes)"
see "mounts after a stop" "$(grep --count "$HEADWAITER_STATE_DIR/" /proc/self/mounts || true)"
see "bystander" "$(cat /proc/$bystander/comm)"

# with-engine ends the engine that it started, however early it is itself ended.
unset DOCKER_HOST
CONSUL_IMAGE=missing/image:1 "$scripts/with-engine" --stop-engine true 2>/dev/null || true
see "processes after a missing image" "$(engine_processes)"

exec 7>"$HEADWAITER_STATE_DIR/image.lock"
flock 7 # another caller is busy with the image
CONSUL_IMAGE=$image "$scripts/with-engine" --stop-engine true 2>/dev/null 7>&- &
waiting=$!
until_named flock
kill -TERM "$waiting"
wait "$waiting" || see "code after a signal during the image" "$?"
exec 7>&-
see "processes after a signal during the image" "$(engine_processes)"

"$scripts/engine" up >/dev/null 2>&1
exec 7>"$HEADWAITER_STATE_DIR/users.lock"
flock 7 # the run that started this engine is ending it
CONSUL_IMAGE=$image "$scripts/with-engine" --stop-engine docker --version >/dev/null 2>&1 7>&- &
next=$!
until_named flock
"$scripts/engine" stop 2>/dev/null 7>&-
exec 7>&-
wait "$next"
see "processes after a run that began while one ended" "$(engine_processes)"
