#!/usr/bin/env bash
# Put livesing, editable, and the extras named on the command line into .venv at the root of the tree.
#   scripts/setup.sh [EXTRA...]
# PYTHON names the interpreter to make it with. A second call with nothing changed is instant; a changed
# pyproject.toml or constraints.txt installs anew, with all extras that were ever asked for.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv
stamp=$venv/livesing-installed # what was installed, for which tree and which files
say() { printf 'livesing: %s\n' "$*" >&2; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo unknown; }
build() { "$1" -c 'import sys; print(sys.base_prefix, sys.version_info[:2])' 2>/dev/null; }

find_python() {
  local candidate
  if [ -n "${PYTHON:-}" ]; then
    command -v "$PYTHON" >/dev/null || { say "there is no Python at $PYTHON"; return 1; }
    new_enough "$PYTHON" || { say "livesing needs Python 3.11 or newer; $PYTHON is $(version "$PYTHON")"; return 1; }
    echo "$PYTHON"
    return
  fi
  for candidate in python3 python3.13 python3.12 python3.11 python3.14 python; do
    new_enough "$candidate" && { echo "$candidate"; return; }
  done
  if command -v python3 >/dev/null; then
    say "livesing needs Python 3.11 or newer; python3 is $(version python3)." \
      "With a newer one elsewhere: make PYTHON=/path/to/python3.12"
  else
    say "livesing needs Python 3.11 or newer, and there is none. Debian, Ubuntu: sudo apt-get install python3 python3-venv"
  fi
  return 1
}

make_venv() {
  local python
  python=$(find_python)
  # Debian keeps the part that fills a virtual environment in a package of its own.
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    scripts/apt-install.sh "python$(version "$python")-venv" || exit 1
  fi
  say "making the virtual environment .venv with $("$python" --version)"
  "$python" -m venv --clear $venv
}

installed=""
if [ -x $venv/bin/python ] && new_enough $venv/bin/python; then
  if [ -n "${PYTHON:-}" ] && [ "$(build "$PYTHON")" != "$(build $venv/bin/python)" ]; then
    make_venv # another interpreter is asked for
  elif [ -f $stamp ] && [ "$(sed -n 1p $stamp)" != "$PWD" ]; then
    make_venv # the tree was moved or copied: its environment points to the old place
  elif [ -f $stamp ]; then
    installed=$(sed -n 's/^extras://p' $stamp)
  fi
else
  make_venv
fi

extras=$(printf '%s\n' $installed "$@" | sort -u | xargs)
files=$(cksum pyproject.toml constraints.txt | xargs)
wanted="$PWD
$files
extras:$extras"
[ -f $stamp ] && [ "$(cat $stamp)" = "$wanted" ] && exit 0

quiet=-q
[ -t 1 ] && quiet="" # at a terminal pip shows how far it is
torch=""
case " $extras " in
  # Asked for by its exact version: a machine that keeps a build for its own processor is then given that one.
  *" gan "* | *" train "*) torch=$(grep '^torch==' constraints.txt) ;;
esac
say "installing livesing${extras:+ with $extras} into .venv (once)"
rm -f $stamp
# Most of what the wheels carry is never imported: what the show imports is compiled below, the rest when it is.
$venv/bin/python -m pip install --no-compile $quiet --disable-pip-version-check -c constraints.txt $torch \
  -e ".${extras:+[${extras// /,}]}"
env -u PYTHONDONTWRITEBYTECODE $venv/bin/python -c 'import livesing.show, livesing.dreamer, onnxruntime' 2>/dev/null || true
printf '%s\n' "$wanted" >$stamp
