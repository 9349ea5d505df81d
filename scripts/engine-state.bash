# Sourced by the container scripts: where they keep their state, how they speak, how two callers wait for each other.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

# Two lines: what is wrong, what to do about it.
fail() {
  say "$(basename "$0"): $1"
  say "  $2"
  exit 1
}

# overlay on overlay does not work and memory is too small for images: the state lives on a real file system.
is_real_file_system() {
  case $(stat --file-system --format %T "$1" 2>/dev/null) in
    "" | overlayfs | tmpfs | ramfs | nfs | v9fs | fuseblk) return 1 ;;
  esac
}

default_state_dir() {
  local parent
  if [ "$(id -u)" != 0 ]; then
    echo "/var/tmp/headwaiter-engine-$(id -u)"
    return
  fi
  for parent in /var/lib /var/tmp /srv /home; do
    if is_real_file_system "$parent"; then
      echo "$parent/headwaiter-engine"
      return
    fi
  done
  echo /var/lib/headwaiter-engine # dockerd then falls back to its slow vfs driver
}

state_dir=${HEADWAITER_STATE_DIR:-$(default_state_dir)}

# A socket's path ends at 108 characters; the longest of ours is `/exec/containerd/containerd.sock.ttrpc`, 38 of them.
[ "${#state_dir}" -le 69 ] || fail "the state directory's path is too long: $state_dir" \
  "set HEADWAITER_STATE_DIR to a path of at most 69 characters"
[[ $state_dir =~ ^/[A-Za-z0-9/._-]+$ ]] || fail "the state directory's path is not plain and absolute: $state_dir" \
  "set HEADWAITER_STATE_DIR to an absolute path of letters, digits and the marks / . _ -"

open_state_dir() {
  mkdir -p "$state_dir" 2>/dev/null || true
  [ -O "$state_dir" ] || fail "cannot keep state in $state_dir" "set HEADWAITER_STATE_DIR to a directory of your own"
}

# Waits for the lock of that name and holds it as descriptor 9 until this script ends.
lock() {
  open_state_dir
  exec 9>"$state_dir/$1.lock"
  flock --nonblock 9 || { say "waiting for another caller …" && flock 9; }
}
