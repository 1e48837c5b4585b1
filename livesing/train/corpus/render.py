"""MIDI to sound by fluidsynth, then the room, the desk and the wire.

fluidsynth and a General MIDI soundfont are needed at development time only
(Debian: fluidsynth, fluid-soundfont-gm).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from livesing.audio.framing import Floats
from livesing.errors import UsageError
from livesing.train.corpus.compose import Piece
from livesing.train.corpus.midi import midi_file
from livesing.train.corpus.score import Score

RATE = 32_000
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
RECORD_DB = -16.0
"""RMS of a mastered record re full scale."""


def played(score: Score, soundfont: Path = SOUNDFONT, rate: int = RATE) -> Floats:
    """[n] mono samples as the synthesiser plays a score. UsageError without fluidsynth or soundfont."""
    program = shutil.which("fluidsynth")
    if program is None or not soundfont.is_file():
        raise UsageError(f"rendering the corpus needs fluidsynth and the soundfont {soundfont}")
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder, "piece.mid"), Path(folder, "piece.wav")
        midi.write_bytes(midi_file(score))
        command = [program, "-ni", "-q", "-g", "0.5", "-r", str(rate), "-T", "wav", "-O", "float"]
        command += ["-o", "synth.dynamic-sample-loading=1", "-o", "synth.chorus.active=0"]
        command += ["-F", str(wav), str(soundfont), str(midi)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not wav.exists():
            raise UsageError(f"fluidsynth failed: {done.stderr.strip()[-200:]}")
        stereo, _ = soundfile.read(wav, dtype="float32", always_2d=True)
    sound = stereo.mean(axis=1)
    wanted = round(score.seconds * rate)
    out: Floats = np.zeros(wanted, dtype=np.float32)
    out[: min(wanted, sound.size)] = sound[:wanted]
    return out


def dry(piece: Piece, soundfont: Path = SOUNDFONT) -> Floats:
    """[n] mono samples at RATE, before any room or desk. UsageError without fluidsynth or soundfont."""
    return played(piece.score, soundfont)


def produce(sound: Floats, piece: Piece) -> Floats:
    """What happens between the instruments and the ear, by the piece's seed: room, equaliser, compression,
    noise, a dull or narrow medium, level. Of the player's dynamics a mastered record keeps little."""
    rng = np.random.default_rng([piece.factors.seed, 1728])
    out = sound.astype(np.float64)
    out = _equalised(out, rng, piece.factors.brightness)
    if rng.random() < 0.4:
        out = _roomy(out, rng)
    out = _compressed(out, 0.75 * piece.mastered * rng.uniform(0.6, 1.2))
    rms_db = 10.0 * np.log10(np.mean(out**2) + 1e-12)
    gain_db = piece.mastered * (RECORD_DB - rms_db) + (1.0 - piece.mastered) * 9.0
    gain_db += rng.normal(0.0, 2.5)
    peak = np.abs(out).max() + 1e-9
    gain = min(10.0 ** (gain_db / 20.0), 2.0 / peak)
    out = np.tanh(out * gain) if piece.mastered > 0.5 else out * min(gain, 0.98 / peak)
    if rng.random() < 0.25:
        out += rng.standard_normal(out.size) * 10.0 ** (rng.uniform(-66.0, -50.0) / 20.0)
    return np.clip(out, -1.0, 1.0).astype(np.float32)


def _equalised(sound: np.ndarray, rng: np.random.Generator, brightness: float) -> np.ndarray:
    """A tilt by the piece's brightness (2 dB an octave at most), a shelf, sometimes a medium's band."""
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(sound.size, 1.0 / RATE)
    octaves = np.clip(np.log2(np.maximum(hz, 20.0) / 1000.0), -3.5, 4.0)
    tilt_db = (1.3 * brightness + rng.normal(0.0, 0.5)) * octaves
    tilt_db += rng.normal(0.0, 2.0) * np.exp(-0.5 * ((octaves - rng.uniform(-3, 3)) / 0.8) ** 2)
    gain = 10.0 ** (tilt_db / 20.0)
    medium = rng.random()
    if medium < 0.12:  # a cheap stream or an old tape
        gain *= 1.0 / np.sqrt(1.0 + (hz / rng.uniform(4500.0, 9000.0)) ** 8)
    if medium < 0.06:  # a small loudspeaker
        gain *= 1.0 / np.sqrt(1.0 + (150.0 / np.maximum(hz, 1.0)) ** 6)
    return np.asarray(np.fft.irfft(spectrum * gain, sound.size))


def _roomy(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A room of .4 to 2.2 s, -16 to -6 dB under the direct sound."""
    fall_s = rng.uniform(0.4, 2.2)
    t = np.arange(round(fall_s * RATE)) / RATE
    tail = rng.standard_normal(t.size) * 10.0 ** (-3.0 * t / fall_s)
    tail = np.convolve(tail, np.ones(4) / 4.0, mode="same")  # highs die in the air
    tail *= 10.0 ** (rng.uniform(-16.0, -6.0) / 20.0) / np.sqrt(np.sum(tail**2))
    size = 1 << (sound.size + tail.size - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: sound.size]
    return np.asarray(sound + wet)


def _compressed(sound: np.ndarray, share: float) -> np.ndarray:
    """Gain that evens out the level over 50 ms; share: 0 none .. 1 all of it."""
    block = RATE // 20
    count = -(-sound.size // block)
    padded = np.pad(sound, (0, count * block - sound.size)).reshape(count, block)
    level = np.sqrt((padded**2).mean(axis=1) + 1e-10)
    level = np.convolve(np.pad(level, 2, mode="edge"), np.ones(5) / 5.0, mode="valid")
    usual = np.sqrt(np.mean(level**2)) + 1e-9
    gain = np.clip((level / usual) ** -share, 0.25, 4.0)
    centres = (np.arange(count) + 0.5) * block
    return np.asarray(sound * np.interp(np.arange(sound.size), centres, gain))


def render(piece: Piece, soundfont: Path = SOUNDFONT) -> Floats:
    """[n] mono samples at RATE, full scale +-1."""
    return produce(dry(piece, soundfont), piece)
