#!/usr/bin/env bash
# See which system libraries and programs are missing, and install them.
#   scripts/system-libraries.sh live   what the show needs
#   scripts/system-libraries.sh test   and what the tests need: a screen and a sound card in software
# Prints nothing where all is there. Exits with 1 where something stays missing: make goes on all the same.
set -euo pipefail
PATH="$PATH:/usr/sbin:/sbin" # ldconfig is not on everybody's path

# The wheels bring what macOS and Windows need.
[ "$(uname -s)" = Linux ] || exit 0

here=$(cd "$(dirname "$0")" && pwd)
level=${1:-live}
libraries=$(ldconfig -p 2>/dev/null || true)
missing=""

library() { case "$libraries" in *"$1"*) return 0 ;; *) return 1 ;; esac; }
program() { command -v "$1" >/dev/null; }
file() { compgen -G "$1" >/dev/null; }
need() { # PACKAGE TEST...: the package is needed where the test fails
  local package=$1
  shift
  "$@" || missing="$missing $package"
}
any_driver() {
  library libEGL_nvidia.so || library libgallium || file '/usr/lib/*/dri/*_dri.so' || file '/usr/lib*/dri/*_dri.so'
}
pulse_server() { program pulseaudio || program pipewire-pulse; }

need libportaudio2 library libportaudio.so.2
need libegl1 library libEGL.so.1
need libgl1 library libGL.so.1
need libgl1-mesa-dri any_driver

if [ "$level" = test ]; then
  need xvfb program Xvfb
  need xdotool program xdotool
  need ffmpeg program ffmpeg
  # A desktop that runs on PipeWire keeps it: PulseAudio beside it would fight over the sound card.
  need pulseaudio pulse_server
  need pulseaudio-utils program paplay
  need libasound2-plugins file '/usr/lib*/*/alsa-lib/libasound_module_pcm_pulse.so'
  need xserver-xorg-core program Xorg
  need xserver-xorg-video-dummy file '/usr/lib*/xorg/modules/drivers/dummy_drv.so'
  need x11-xserver-utils program xrandr
  need jackd2 program jackd # MIDI where the kernel has no sequencer
fi

[ -n "$missing" ] || exit 0
# shellcheck disable=SC2086 # a list of words
"$here/apt-install.sh" $missing && exit 0
if [ "$level" = test ]; then
  echo "livesing: going on; the tests that need what is missing are skipped, and say so" >&2
fi
exit 1
