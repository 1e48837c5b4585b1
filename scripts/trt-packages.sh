#!/usr/bin/env bash
# What scripts/trt_coverage.py needs beside torch, into .venv/trt (25 MB, once): Torch-TensorRT and TensorRT's
# bindings without the libraries behind them, and a C compiler. Kept apart from the environment itself, in which
# half a TensorRT would be taken for a whole one.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.venv/trt
packages="torch-tensorrt tensorrt-cu13-bindings dllist psutil"
versions=$(cksum constraints.txt)

command -v cc >/dev/null || scripts/apt-install.sh gcc libc6-dev || exit 1
[ "$(cat $folder/installed 2>/dev/null)" = "$versions" ] && exit 0
printf 'livesing: installing what checks the coverage by TensorRT into %s (once)\n' "$folder" >&2
rm -rf $folder
# shellcheck disable=SC2086 # a list of words
.venv/bin/python -m pip install --no-compile -q --disable-pip-version-check -c constraints.txt \
  --no-deps --target $folder $packages
printf '%s\n' "$versions" >$folder/installed
