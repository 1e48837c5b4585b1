"""The slow path: the musical cues of every 500 ms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

from livesing.audio.articulation import Articulation
from livesing.audio.attack_level import AttackLevel
from livesing.audio.bands import Spectrum, log_band_edges
from livesing.audio.chord_mode import ChordMode
from livesing.audio.chroma import LeakyChroma
from livesing.audio.framing import Floats, clean
from livesing.audio.harmony import HarmonicChange
from livesing.audio.key import USUAL_PROFILES, KeyTracker, key_of
from livesing.audio.levels import to_db
from livesing.audio.loudness import MOMENTARY_S, KWeighted, loudness_db
from livesing.audio.note_bands import NoteBands
from livesing.audio.note_density import NoteDensity
from livesing.audio.pulse import SILENCE_DB
from livesing.audio.tempo import Rhythm

SLOW_RATE = 21504
"""Hz; with HOP it gives exactly 42 frames a second."""
HOP = 512
FRAMES = 21
STEP = HOP * FRAMES
STEP_S = STEP / SLOW_RATE
"""Exactly 0.5 s."""
PARTS = 3
PART_FRAMES = FRAMES // PARTS
PART = HOP * PART_FRAMES
"""A step is worked on in parts as they come, so that no block has to wait for all of it."""
STAGE = 512
"""Samples of a block for which a stage of a part is worked on."""

SILENT_DB = -60.0


class Cues(NamedTuple):
    """What can be heard in the 500 ms that end at time_s; past sound only.

    time_s           s      stream time of the end of the window: 0.5, 1.0, 1.5, ...
    mode             -1..1  minor .. major, over some 8 s; 0 for what has no pitch
    key              0..11  tonic, C = 0
    key_confidence   0..1   how well the key fits what was heard; 0 without pitch
    onset_rate       1/s    note onsets per second over the last 3 s
    bpm              1/min  tempo, 70..180; 0 while unknown
    rms_db           dB     RMS re full scale, DC removed, -120..+18
    loudness_db      LUFS   momentary loudness (BS.1770-4) of the last 400 ms of the mono sound, -120..+22
    flux             0..    mean rise of log-compressed bands from frame to frame, beyond a trembling
    centroid_hz      Hz     mean frequency of the magnitude spectrum; 0 in silence
    zero_crossings   1/s    sign changes per second, DC removed
    flatness         0..1   geometric over arithmetic mean of the power spectrum: tone .. noise
    silent           bool   RMS under -60 dB
    articulation     0..1   legato .. staccato: share of time that the sound is down between its notes,
                            over some 4 s
    harmonic_change  0..3   distance that the tonal centroid moves in a third of a second
    rolloff_hz       Hz     85 % of the power lie under it; 0 in silence
    entropy          0..1   of the power spectrum, 1 for white noise; 0 in silence
    beat_confidence  0..1   how far bpm can be trusted
    chord_mode       -1..1  minor .. major chords, over some 2 s, whatever the key
    attack_db        LUFS   level of the loud moments of the last 2 s: what the notes are struck with

    A change of gain moves rms_db, loudness_db and attack_db by as much, and nothing else, as long as the
    sound stays within -60 dB and clipping.
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
    articulation: float = 0.0
    harmonic_change: float = 0.0
    rolloff_hz: float = 0.0
    entropy: float = 0.0
    beat_confidence: float = 0.0
    chord_mode: float = 0.0
    attack_db: float = SILENCE_DB


class Beats(Protocol):
    """Who knows the tempo of the stream, such as tempo.Rhythm."""

    def told_at(self, time_s: float) -> tuple[float, float]:
        """(bpm, confidence) as of a stream time in s; 0, 0 while unknown."""


class SlowPath:
    """Cues of mono sound, pushed in blocks of any size and any rate of 8..192 kHz.

    The sound is resampled to 21504 Hz as it comes and analysed in parts of a sixth of a second, each with
    the same code on the same samples, so how the stream is cut changes nothing. Beat, loudness and
    articulation are taken at the sound's own rate, since much of what is loud lies above 10 kHz.
    Memory is constant. Owned by one thread.
    """

    WINDOW = 2048
    CHROMA_WINDOW = 8192
    CHROMA_S = 6.5
    TUNING_S = 15.0
    CHORD_FRAMES = 2
    ONSET_S = 3.0
    FLUX_BANDS = 32
    FLUX_GAIN = 1000.0
    LEAST_RISE = 0.3
    """Of a band's logarithm within a frame, 1.3 dB: an ensemble's held tones beat by as much."""
    FAINTEST_BAND = 1e-10
    """Mean square, -100 dB: a loudest band under it is no music."""
    RELEASE = 0.95
    """Per step; the reference of the flux forgets with a time constant of 10 s."""
    ROLLOFF = 0.85

    def __init__(self, rate: int, profiles: str = USUAL_PROFILES, rhythm: Beats | None = None) -> None:
        """rate: samples per second, 8000..192000. ValueError outside of that. profiles: of the keys, a name
        of key.PROFILES. rhythm: of who hears the same stream from its first sample on, and each block before
        this path does, at most 2 s at a time; without it the path has its own."""
        if not 8_000 <= rate <= 192_000:
            raise ValueError(f"sample rate {rate} Hz is not within 8000..192000")
        self.rate = rate
        self.bad_samples = 0
        """Samples that were NaN or infinite so far."""
        self._resampler = soxr.ResampleStream(rate, SLOW_RATE, 1, dtype="float32", quality="HQ")
        self._stream: Floats = np.zeros(self.CHROMA_WINDOW + STEP, dtype=np.float32)
        """The step that is being heard, and what was before it."""
        self._parts = 0
        """Of this step so far; what they were found to hold:"""
        self._work: Iterator[Cues | None] = iter(())
        """What is left to do of the newest part."""
        self._bands: list[Floats] = []
        self._chromas: list[NDArray[np.float64]] = []
        self._waiting: Floats = np.zeros(0, dtype=np.float32)
        self._steps = 0
        hz = np.arange(self.WINDOW // 2 + 1) * (SLOW_RATE / self.WINDOW)
        # Sound that was sampled at 8 kHz has nothing above 4 kHz, only the resampler's floor.
        top_hz = min(0.46 * rate, 10_000.0)
        edges = log_band_edges(SLOW_RATE, self.WINDOW, 60.0, top_hz, self.FLUX_BANDS)
        self._spectrum = Spectrum(self.WINDOW, edges)
        self._heard_bins = slice(edges[0], edges[-1])
        self._hz = hz[self._heard_bins]
        self._reference = 0.0
        self._last_bands: Floats = np.zeros(len(edges) - 1, dtype=np.float32)
        self._magnitude: NDArray[np.float64] = np.zeros(self._hz.size)
        self._power: NDArray[np.float64] = np.zeros(self._hz.size)
        """Sums over the frames of this step, of the bins that are heard."""
        self._weighted = KWeighted(rate)
        self._momentary = round(MOMENTARY_S * rate / self._weighted.hop)
        self._loudnesses: list[float] = [0.0] * self._momentary
        self._loudness_hops = 0
        """K-weighted mean squares that are counted in already; those in front are the momentary past."""
        self._articulation = Articulation(self._weighted.hop / rate)
        self._attack_level = AttackLevel()
        self._chroma = LeakyChroma(self.CHROMA_WINDOW, SLOW_RATE, self.CHROMA_S, self.TUNING_S)
        self._key = KeyTracker(profiles)
        self._chord_mode = ChordMode()
        self._harmony = HarmonicChange(self.CHORD_FRAMES)
        self._note_bands = NoteBands(self.WINDOW, SLOW_RATE, HOP / SLOW_RATE)
        self._notes = NoteDensity(HOP / SLOW_RATE, self.ONSET_S)
        self._own_rhythm: Rhythm | None = None
        if rhythm is None:
            rhythm = self._own_rhythm = Rhythm(rate)
        self._beats = rhythm

    def push(self, block: NDArray[np.floating]) -> list[Cues]:
        """block: [n] mono samples, full scale +-1. Returns the Cues that became complete."""
        samples, bad = clean(block)
        self.bad_samples += bad
        cues = []
        for first in range(0, samples.size, self.rate):
            second = samples[first : first + self.rate]
            if self._own_rhythm is not None:
                self._own_rhythm.push(second)
            self._loudnesses += self._weighted.push(second).tolist()
            cues += self._take(self._resampler.resample_chunk(second))
        return cues

    def finish(self) -> list[Cues]:
        """The stream has ended: what was left to do. A rest under 500 ms is dropped."""
        cues = self._take(self._resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True))
        return cues + [told for told in self._work if told is not None]

    def _take(self, samples: Floats) -> list[Cues]:
        """A part is worked on in stages, of which a small block does one: so no push takes long."""
        waiting = np.concatenate((self._waiting, samples))
        stages, first = 1 + samples.size // STAGE, 0
        done = list(islice(self._work, stages))
        while waiting.size - first >= PART:
            done += self._work
            self._work = self._hear_part(waiting[first : first + PART])
            done += islice(self._work, stages)
            first += PART
        self._waiting = waiting[first:].copy() if first else waiting
        return [cues for cues in done if cues is not None]

    def _hear_part(self, new: Floats) -> Iterator[Cues | None]:
        """new: [PART] samples at SLOW_RATE. A stage whenever asked; the last of a step tells its Cues."""
        stream, begin = self._stream, self.CHROMA_WINDOW + self._parts * PART
        end = begin + PART
        stream[begin:end] = new
        ends = begin + HOP * np.arange(1, PART_FRAMES + 1)
        powers = self._spectrum.powers(stream[ends[:, None] + np.arange(-self.WINDOW, 0)])
        self._bands.append(self._spectrum.bands(powers))
        yield None
        self._notes.push(self._note_bands.push(powers))
        yield None
        heard = powers[:, self._heard_bins]
        self._magnitude += np.sqrt(heard).sum(axis=0, dtype=np.float64)
        self._power += heard.sum(axis=0, dtype=np.float64)
        chroma = self._chroma.push(stream[end - self.CHROMA_WINDOW : end], PART / SLOW_RATE)
        self._chromas.append(chroma)
        self._key.push([chroma], PART / SLOW_RATE)
        self._parts += 1
        yield None
        if self._parts == PARTS:
            yield self._tell()

    def _tell(self) -> Cues:
        """The Cues of the step that was heard part by part; the next one begins."""
        self._steps += 1
        sound = self._stream[self.CHROMA_WINDOW :].astype(np.float64)
        sound -= sound.mean()
        rms_db = to_db(float(np.mean(sound**2)))
        silent = rms_db < SILENT_DB
        key = key_of(self._chroma.chroma, self._chroma.tonal_share, self._key)
        chord_mode = self._chord_mode.push(self._chromas, PART / SLOW_RATE)
        flux = self._flux(np.concatenate(self._bands))
        bpm, beat_confidence = self._beats.told_at(self._steps * STEP_S)
        loudness, articulation, attack = self._levels()
        cues = Cues(
            time_s=self._steps * STEP_S,
            mode=key.mode,
            key=key.tonic,
            key_confidence=key.confidence,
            onset_rate=self._notes.per_second,
            bpm=bpm,
            rms_db=rms_db,
            loudness_db=loudness,
            flux=0.0 if silent else flux,
            zero_crossings=0.0 if silent else _sign_changes(sound) / STEP_S,
            silent=silent,
            articulation=articulation,
            harmonic_change=self._harmony.push(self._chromas),
            beat_confidence=beat_confidence,
            chord_mode=chord_mode * key.pitched,
            attack_db=attack,
            **(SILENT_SHAPE if silent else self._shape()),
        )
        self._stream[: self.CHROMA_WINDOW] = self._stream[STEP:].copy()
        self._parts = 0
        self._bands, self._chromas = [], []
        self._magnitude[:], self._power[:] = 0.0, 0.0
        return cues

    def _flux(self, bands: Floats) -> float:
        """bands: [21, bands] powers. Mean over frames and bands of the rise of
        ln(1 + FLUX_GAIN * P / P_ref) beyond LEAST_RISE, P_ref the loudest band of the last seconds."""
        self._reference = max(self._reference * self.RELEASE, float(bands.max()), self.FAINTEST_BAND)
        log_bands = np.log1p(
            np.concatenate((self._last_bands[None], bands)) * (self.FLUX_GAIN / self._reference)
        )
        self._last_bands = bands[-1]
        rises = np.maximum(np.diff(log_bands, axis=0) - self.LEAST_RISE, 0.0)
        return float(np.mean(rises, dtype=np.float64))

    def _levels(self) -> tuple[float, float, float]:
        """Loudness, articulation and attack level as of the end of this step."""
        upto = round(self._steps * STEP_S * self.rate) // self._weighted.hop
        end = self._momentary + upto - self._loudness_hops
        momentary = float(np.mean(self._loudnesses[end - self._momentary : end]))
        new = np.array(self._loudnesses[self._momentary : end])
        articulation, attack = self._articulation.push(new), self._attack_level.push(new)
        del self._loudnesses[: end - self._momentary]
        self._loudness_hops = upto
        return max(loudness_db(momentary), SILENCE_DB), articulation, attack

    def _shape(self) -> dict[str, float]:
        """Where the power of this step lies, which has sound in it, by the names of Cues."""
        magnitude, mean = self._magnitude, self._power / FRAMES
        share = mean / max(float(mean.sum()), 1e-30) + 1e-15
        logs = np.log(share)
        upto = int(np.searchsorted(np.cumsum(share), self.ROLLOFF * float(share.sum())))
        return {
            "centroid_hz": float(self._hz @ magnitude) / max(float(magnitude.sum()), 1e-30),
            "flatness": float(np.exp(np.mean(logs)) / np.mean(share)),
            "rolloff_hz": float(self._hz[min(upto, self._hz.size - 1)]),
            "entropy": min(max(-float(share @ logs) / float(np.log(share.size)), 0.0), 1.0),
        }


SILENT_SHAPE = {"centroid_hz": 0.0, "flatness": 0.0, "rolloff_hz": 0.0, "entropy": 0.0}


def _sign_changes(sound: NDArray[np.float64]) -> int:
    return int(np.count_nonzero(np.diff(np.signbit(sound))))


def cues_of(blocks: Iterable[NDArray[np.floating]], rate: int) -> Iterator[Cues]:
    """The Cues of a whole sound, given in mono blocks of any size, as the live path hears them."""
    path = SlowPath(rate)
    for block in blocks:
        yield from path.push(block)
    yield from path.finish()
