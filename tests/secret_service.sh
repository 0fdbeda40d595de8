#!/usr/bin/env bash
# Runs a command under a real Secret Service (gnome-keyring), unlocked and thrown away afterwards:
#   tests/secret_service.sh python -m tests.services.keyring_probe round_trip
set -euo pipefail

for program in dbus-run-session gnome-keyring-daemon; do
  command -v "$program" >/dev/null || {
    echo "$program is missing: apt-get install -y --no-install-recommends dbus gnome-keyring" >&2
    exit 3
  }
done

place="$(mktemp -d)"
throw_away() {
  # The daemon outlives its bus when a test has stopped it (SIGSTOP).
  grep -lzsx "XDG_RUNTIME_DIR=$place/run" /proc/[0-9]*/environ | cut -d/ -f3 | xargs -r kill -KILL || true
  rm -rf "$place"
}
trap throw_away EXIT
mkdir -m 700 "$place/home" "$place/run"
unset PYTHON_KEYRING_BACKEND XDG_CONFIG_HOME XDG_DATA_HOME
HOME="$place/home" XDG_RUNTIME_DIR="$place/run" dbus-run-session -- bash -euo pipefail -c '
  printf %s "tests-only" | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null
  "$@"' _ "$@"
