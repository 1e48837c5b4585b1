#!/usr/bin/env bash
# Where there is an NVIDIA GPU, add what makes use of it: torch with BigGAN, then TensorRT's engines.
# Each may fail to install: one line says so, and the show starts without it. A failure is not tried again
# until pyproject.toml or constraints.txt change, or `make gan` or `make tensorrt` ask for it.
set -uo pipefail
cd "$(dirname "$0")/.."

nvidia-smi -L >/dev/null 2>&1 || exit 0

say() { printf 'livesing: %s\n' "$*" >&2; }
files=$(cksum pyproject.toml constraints.txt)

add() { # EXTRA WHAT
  local failed=.venv/livesing-failed-$1 before
  before=$(cat .venv/livesing-installed)
  if [ "$(cat "$failed" 2>/dev/null)" != "$files" ]; then
    scripts/setup.sh "$1" && { rm -f "$failed"; return; }
    printf '%s\n' "$files" >"$failed"
    # What was there before the attempt is still there.
    printf '%s\n' "$before" >.venv/livesing-installed
  fi
  say "$2 could not be installed, so the show runs without; \`make $1\` tries again"
  return 1
}

add gan "torch with BigGAN" && add tensorrt "TensorRT"
exit 0
