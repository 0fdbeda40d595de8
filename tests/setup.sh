#!/usr/bin/env bash
# Brings what the tests need beside Python packages: a browser and a Secret Service.
# Where it may not install them, it says what to install and fails: no test is skipped for want of a program.
set -euo pipefail

declare -A package_of=([chromium]=chromium [dbus-run-session]=dbus [gnome-keyring-daemon]=gnome-keyring)

missing=()
for program in "${!package_of[@]}"; do
  command -v "$program" >/dev/null || missing+=("${package_of[$program]}")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(sudo -n)
if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
  echo "Installing ${missing[*]}..." >&2
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq >/dev/null
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "The tests need these programs: install ${missing[*]} (Debian's names), then run make test again." >&2
  exit 1
fi
