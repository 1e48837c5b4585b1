"""The slow path: the musical cues of every 500 ms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from livesing.audio.bands import Spectrum, log_band_edges
from livesing.audio.chroma import LeakyChroma
from livesing.audio.framing import Floats, clean
from livesing.audio.key import find_key
from livesing.audio.levels import to_db
from livesing.audio.loudness import LOUDNESS_OFFSET_DB, k_weights
from livesing.audio.pulse import SILENCE_DB
from livesing.audio.tempo import Rhythm

SLOW_RATE = 21504
"""Hz; with HOP it gives exactly 42 frames a second."""
HOP = 512
FRAMES = 21
STEP = HOP * FRAMES
STEP_S = STEP / SLOW_RATE
"""Exactly 0.5 s."""

SILENT_DB = -60.0


class Cues(NamedTuple):
    """What can be heard in the 500 ms that end at time_s; past sound only.

    time_s          s      stream time of the end of the window: 0.5, 1.0, 1.5, ...
    mode            -1..1  clearly minor .. clearly major, over some 7 s
    key             0..11  tonic, C = 0
    key_confidence  0..1   how well the key fits what was heard; 0 without pitch
    onset_rate      1/s    note onsets per second over the last 3 s
    bpm             1/min  tempo, 70..180; 0 while unknown
    rms_db          dB     RMS re full scale, DC removed, -120..+18
    loudness_db     LUFS   K-weighted (BS.1770) loudness of the window, -120..+20
    flux            0..    mean rise of log-compressed bands from frame to frame; gain-invariant
    centroid_hz     Hz     mean frequency of the magnitude spectrum; 0 in silence
    zero_crossings  1/s    sign changes per second, DC removed
    flatness        0..1   geometric over arithmetic mean of the power spectrum: tone .. noise
    silent          bool   RMS under -60 dB
    """

    time_s: float
    mode: float
    key: int
    key_confidence: float
    onset_rate: float
    bpm: float
    rms_db: float
    loudness_db: float
    flux: float
    centroid_hz: float
    zero_crossings: float
    flatness: float
    silent: bool


class SlowPath:
    """Cues of mono sound, pushed in blocks of any size and any rate of 8..192 kHz.

    The sound is resampled to 21504 Hz as it comes and analysed in steps of exactly 500 ms, each
    with the same code on the same samples, so how the stream is cut changes nothing. Memory is
    constant. Owned by one thread.
    """

    WINDOW = 2048
    CHROMA_WINDOW = 8192
    CHROMA_HOP = 7 * HOP
    CHROMA_S = 7.0
    TUNING_S = 15.0
    ONSET_S = 3.0
    FLUX_BANDS = 32
    FLUX_GAIN = 1000.0
    RELEASE = 0.95
    """Per step; the reference of the flux forgets with a time constant of 10 s."""

    def __init__(self, rate: int) -> None:
        """rate: samples per second, 8000..192000. ValueError outside of that."""
        if not 8_000 <= rate <= 192_000:
            raise ValueError(f"sample rate {rate} Hz is not within 8000..192000")
        self.rate = rate
        self.bad_samples = 0
        """Samples that were NaN or infinite so far."""
        self._resampler = soxr.ResampleStream(rate, SLOW_RATE, 1, dtype="float32", quality="HQ")
        self._past: Floats = np.zeros(self.CHROMA_WINDOW, dtype=np.float32)
        self._waiting: list[Floats] = []
        self._waiting_size = 0
        self._steps = 0
        hz = np.arange(self.WINDOW // 2 + 1) * (SLOW_RATE / self.WINDOW)
        # Sound that was sampled at 8 kHz has nothing above 4 kHz, only the resampler's floor.
        top_hz = min(0.46 * rate, 10_000.0)
        edges = log_band_edges(SLOW_RATE, self.WINDOW, 60.0, top_hz, self.FLUX_BANDS)
        self._spectrum = Spectrum(self.WINDOW, edges)
        self._hz = hz
        self._heard_bins = slice(edges[0], edges[-1])
        self._loudness_weights = k_weights(hz)
        self._reference = 0.0
        self._last_bands: Floats = np.zeros(len(edges) - 1, dtype=np.float32)
        self._chroma = LeakyChroma(self.CHROMA_WINDOW, SLOW_RATE, self.CHROMA_S, self.TUNING_S)
        self._rhythm = Rhythm(SLOW_RATE, self.ONSET_S)

    def push(self, block: NDArray[np.floating]) -> list[Cues]:
        """block: [n] mono samples, full scale +-1. Returns the Cues that became complete."""
        samples, bad = clean(block)
        self.bad_samples += bad
        return self._take(self._resampler.resample_chunk(samples)) if samples.size else []

    def finish(self) -> list[Cues]:
        """The stream has ended: what the resampler still held. A rest under 500 ms is dropped."""
        return self._take(self._resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True))

    def _take(self, samples: Floats) -> list[Cues]:
        self._waiting.append(samples)
        self._waiting_size += samples.size
        if self._waiting_size < STEP:
            return []
        stream = np.concatenate(self._waiting)
        steps = stream.size // STEP
        cues = [self._step(stream[k * STEP : (k + 1) * STEP]) for k in range(steps)]
        self._waiting = [stream[steps * STEP :].copy()]
        self._waiting_size -= steps * STEP
        return cues

    def _step(self, new: Floats) -> Cues:
        """new: [STEP] samples at SLOW_RATE."""
        self._steps += 1
        stream = np.concatenate((self._past, new))
        self._past = stream[STEP:]
        sound = new.astype(np.float64)
        sound -= sound.mean()
        rms_db = to_db(float(np.mean(sound**2)))
        silent = rms_db < SILENT_DB
        self._rhythm.push(new)

        ends = self.CHROMA_WINDOW + HOP * np.arange(1, FRAMES + 1)
        frames = stream[ends[:, None] + np.arange(-self.WINDOW, 0)]  # [21, WINDOW]
        powers = self._spectrum.powers(frames)
        flux = self._flux(self._spectrum.bands(powers))
        for end in range(self.CHROMA_WINDOW + self.CHROMA_HOP, stream.size + 1, self.CHROMA_HOP):
            frame = stream[end - self.CHROMA_WINDOW : end]
            self._chroma.push(frame, self.CHROMA_HOP / SLOW_RATE)
        key = find_key(self._chroma.chroma)

        mean_power = powers.mean(axis=0, dtype=np.float64)
        loudness = float(np.sum(mean_power * self._loudness_weights))
        heard = mean_power[self._heard_bins] + 1e-15
        magnitude = np.sqrt(powers[:, self._heard_bins]).sum(axis=0, dtype=np.float64)
        total = float(magnitude.sum())
        centroid = float(self._hz[self._heard_bins] @ magnitude) / total if total > 1e-9 else 0.0
        crossings = int(np.count_nonzero(np.diff(np.signbit(sound))))
        return Cues(
            time_s=self._steps * STEP_S,
            mode=key.mode,
            key=key.tonic,
            key_confidence=key.confidence,
            onset_rate=self._rhythm.onset_rate,
            bpm=self._rhythm.bpm,
            rms_db=rms_db,
            loudness_db=max(LOUDNESS_OFFSET_DB + to_db(loudness), SILENCE_DB),
            flux=0.0 if silent else flux,
            centroid_hz=0.0 if silent else centroid,
            zero_crossings=0.0 if silent else crossings / STEP_S,
            flatness=0.0 if silent else float(np.exp(np.mean(np.log(heard))) / np.mean(heard)),
            silent=silent,
        )

    def _flux(self, bands: Floats) -> float:
        """bands: [21, bands] powers. Mean over frames and bands of the rise of
        ln(1 + FLUX_GAIN * P / P_ref), P_ref the loudest band of the last seconds."""
        self._reference = max(self._reference * self.RELEASE, float(bands.max()), 1e-8)
        log_bands = np.log1p(
            np.concatenate((self._last_bands[None], bands)) * (self.FLUX_GAIN / self._reference)
        )
        self._last_bands = bands[-1]
        return float(np.mean(np.maximum(np.diff(log_bands, axis=0), 0.0), dtype=np.float64))


def cues_of(blocks: Iterable[NDArray[np.floating]], rate: int) -> Iterator[Cues]:
    """The Cues of a whole sound, given in mono blocks of any size, as the live path hears them."""
    path = SlowPath(rate)
    for block in blocks:
        yield from path.push(block)
    yield from path.finish()
