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
