#!/usr/bin/env bash
# Install the Debian packages named on the command line, as root or through sudo.
# Where that is not possible it prints the one line to run, and exits with 1.
set -euo pipefail

say() { printf 'livesing: %s\n' "$*" >&2; }

line="apt-get install -y --no-install-recommends $*"

if ! command -v apt-get >/dev/null; then
  say "this system lacks $* (the names are Debian's): install them with its own package manager"
  exit 1
fi

if [ "$(id -u)" = 0 ]; then
  root=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  root="sudo -n"
elif command -v sudo >/dev/null && [ -t 0 ] && [ -t 2 ]; then
  say "installing $* needs your password"
  sudo -v || { say "not installed; run: sudo $line"; exit 1; }
  root="sudo"
else
  say "these packages are missing; run: sudo $line"
  exit 1
fi

# --no-remove: never push aside what the user has (another sound server, another graphics driver).
install() { $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends --no-remove "$@"; }

say "installing the system packages $*"
$root apt-get update -qq || say "apt-get update failed; going on with the package lists that are here"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install "$@" >"$log" 2>&1 && exit 0

# One that is not to be had must not keep the others away.
failed=""
for package in "$@"; do
  install "$package" >"$log" 2>&1 || { failed="$failed $package"; tail -n 3 "$log" >&2; }
done
[ -z "$failed" ] && exit 0
say "could not install:$failed"
exit 1
