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
from livesing.audio.chord_mode import ChordMode
from livesing.audio.chroma import LeakyChroma
from livesing.audio.framing import Floats, check_rate, clean
from livesing.audio.harmony import HarmonicChange
from livesing.audio.key import USUAL_PROFILES, KeyTracker, key_of
from livesing.audio.levels import to_db
from livesing.audio.loudness import MOMENTARY_S, KWeighted, loudness_db
from livesing.audio.note_bands import NoteBands
from livesing.audio.note_density import NoteDensity
from livesing.audio.pulse import SILENCE_DB
from livesing.audio.tempo import Rhythm
from livesing.audio.timbre import SILENT_SHAPE, Timbre

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
"""Of a step: so far apart are the chromas, and so many spectra fit well into a processor's nearest cache."""
STAGE = 512
"""Samples of a block for which a stage of a step is worked on."""

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
    sound stays within -35 dB and clipping. Further down, to -60 dB, and for some seconds after a faint
    beginning, onset_rate and bpm may move a little: what comes before stands less far above the floor.
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

    The sound is gathered, resampled to 21504 Hz and analysed in steps of half a second, each with the same
    code on the same samples, so how the stream is cut changes nothing. Beat, loudness and articulation are
    taken at the sound's own rate, since much of what is loud lies above 10 kHz. What costs is the number of
    calls, so they are few and large; a step is worked on in stages, and no block waits for all of it.
    Memory is constant. Owned by one thread.
    """

    WINDOW = 2048
    CHROMA_WINDOW = 8192
    CHROMA_S = 6.5
    TUNING_S = 15.0
    CHORD_FRAMES = 2
    ONSET_S = 3.0

    def __init__(self, rate: int, profiles: str = USUAL_PROFILES, rhythm: Beats | None = None) -> None:
        """rate: samples per second, 8000..192000. ValueError outside of that. profiles: of the keys, a name
        of key.PROFILES. rhythm: of who hears the same stream from its first sample on, and each block before
        this path does, at most 2 s at a time; without it the path has its own."""
        check_rate(rate)
        self.rate = rate
        self._bad_samples = 0
        self._resampler = soxr.ResampleStream(rate, SLOW_RATE, 1, dtype="float32", quality="HQ")
        self._gathered: list[NDArray[np.floating]] = []
        """Blocks that wait until a step may be complete."""
        self._taken = 0
        """Samples so far, with those."""
        self._due = self._end_of_step(1)
        """So many samples, and the next step may be complete, as soon as the resampler gives it away."""
        self._unweighted: Floats = np.zeros(0, dtype=np.float32)
        """What was taken of steps to come, and how much there was before it:"""
        self._weighted_samples = 0
        self._waiting: Floats = np.zeros(0, dtype=np.float32)
        """The same, resampled."""
        self._stream: Floats = np.zeros(self.CHROMA_WINDOW + STEP, dtype=np.float32)
        """The step that is being heard, and what was before it."""
        self._work: Iterator[Cues | None] | None = None
        """What is left to do of that step."""
        self._steps = 0
        self._timbre = Timbre(self.WINDOW, SLOW_RATE, rate)
        self._powers: Floats = np.zeros((FRAMES, self.WINDOW // 2 + 1), dtype=np.float32)
        """Of the spectra of this step."""
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

    @property
    def bad_samples(self) -> int:
        """Samples that were NaN or infinite so far."""
        self._gathered = [self._cleaned()]
        return self._bad_samples

    def push(self, block: NDArray[np.floating]) -> list[Cues]:
        """block: [n] mono samples, full scale +-1. Returns the Cues that became complete."""
        if block.ndim != 1:
            raise ValueError(f"a block is mono, [n], not {list(block.shape)}")
        if block.size > self.rate:
            seconds = range(0, block.size, self.rate)
            return [told for first in seconds for told in self.push(block[first : first + self.rate])]
        self._gathered.append(block.copy())
        self._taken += block.size
        if self._own_rhythm is not None:
            self._own_rhythm.push(clean(block)[0])
        if self._work is None and self._taken < self._due:
            return []
        stages = max(1, -(-block.size * SLOW_RATE // (self.rate * STAGE)))
        cues = self._go_on(stages)
        if self._taken >= self._due:
            cues += self._hear(stages)
        return cues

    def finish(self) -> list[Cues]:
        """The stream has ended: what was left to do. A rest under 500 ms is dropped."""
        return self._go_on(None) + self._hear(None, last=True)

    def _end_of_step(self, number: int) -> int:
        """The sample of the stream before which that many steps end."""
        return round(number * STEP_S * self.rate)

    def _cleaned(self) -> Floats:
        """What was gathered, as one block."""
        samples, bad = clean(np.concatenate((*self._gathered, np.zeros(0, dtype=np.float32))))
        self._bad_samples += bad
        return samples

    def _hear(self, stages: int | None, *, last: bool = False) -> list[Cues]:
        """Take what was gathered. A step is worked on in stages, of which a small block does one."""
        samples, self._gathered = self._cleaned(), []
        self._unweighted = np.concatenate((self._unweighted, samples))
        waiting = np.concatenate((self._waiting, self._resampler.resample_chunk(samples, last=last)))
        first, cues = 0, list[Cues]()
        while waiting.size - first >= STEP:
            cues += self._go_on(None)
            self._work = self._hear_step(waiting[first : first + STEP])
            cues += self._go_on(stages)
            first += STEP
        self._waiting = waiting[first:].copy() if first else waiting
        return cues

    def _go_on(self, stages: int | None) -> list[Cues]:
        """So many stages of the step in hand; all that are left with None."""
        if self._work is None:
            return []
        done = list(islice(self._work, stages))
        if stages is None or len(done) < stages:
            self._work = None
        return [told for told in done if told is not None]

    def _hear_step(self, new: Floats) -> Iterator[Cues | None]:
        """new: [STEP] samples at SLOW_RATE. A stage whenever asked; the last one tells the Cues."""
        self._steps += 1
        self._due = self._end_of_step(self._steps + 1)
        upto = self._end_of_step(self._steps) - self._weighted_samples
        self._loudnesses += self._weighted.push(self._unweighted[:upto]).tolist()
        self._unweighted = self._unweighted[upto:]
        self._weighted_samples += upto
        self._stream[: self.CHROMA_WINDOW] = self._stream[STEP:]
        self._stream[self.CHROMA_WINDOW :] = new
        windows = _windows(self._stream, FRAMES, self.WINDOW, HOP)
        for first in range(0, FRAMES, PART_FRAMES):
            part = slice(first, first + PART_FRAMES)
            self._timbre.powers(windows[part], out=self._powers[part])
        yield None
        chromas = self._chroma.push(_windows(self._stream, PARTS, self.CHROMA_WINDOW, PART), PART / SLOW_RATE)
        self._key.push(chromas, PART / SLOW_RATE)
        yield None
        self._notes.push(self._note_bands.push(self._powers))
        yield self._tell(chromas)

    def _tell(self, chromas: NDArray[np.float64]) -> Cues:
        """The Cues of the step that was heard. chromas: [PARTS, 12]."""
        sound = self._stream[self.CHROMA_WINDOW :]
        sound = sound - np.add.reduce(sound) / np.float32(STEP)
        rms_db = to_db(float(np.dot(sound, sound)) / STEP)
        silent = rms_db < SILENT_DB
        key = key_of(self._chroma.chroma, self._chroma.tonal_share, self._key)
        chord_mode = self._chord_mode.push(chromas, PART / SLOW_RATE)
        flux = self._timbre.flux(self._powers)
        bpm, beat_confidence = self._beats.told_at(self._steps * STEP_S)
        loudness, articulation, attack = self._levels()
        return Cues(
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
            harmonic_change=self._harmony.push(chromas),
            beat_confidence=beat_confidence,
            chord_mode=chord_mode * key.pitched,
            attack_db=attack,
            **(SILENT_SHAPE if silent else self._timbre.shape(self._powers)),
        )

    def _levels(self) -> tuple[float, float, float]:
        """Loudness, articulation and attack level as of the end of this step."""
        upto = round(self._steps * STEP_S * self.rate) // self._weighted.hop
        end = self._momentary + upto - self._loudness_hops
        momentary = sum(self._loudnesses[end - self._momentary : end]) / self._momentary
        new = np.array(self._loudnesses[self._momentary : end])
        articulation, attack = self._articulation.push(new), self._attack_level.push(new)
        del self._loudnesses[: end - self._momentary]
        self._loudness_hops = upto
        return max(loudness_db(momentary), SILENCE_DB), articulation, attack


def _windows(stream: Floats, count: int, window: int, hop: int) -> Floats:
    """The last `count` windows of a stream, `hop` apart: [count, window], a view."""
    first = stream.size - window - (count - 1) * hop
    return np.ndarray((count, window), np.float32, stream, first * 4, (hop * 4, 4))


def _sign_changes(sound: Floats) -> int:
    negative = np.signbit(sound)
    return int(np.count_nonzero(negative[1:] != negative[:-1]))


def cues_of(blocks: Iterable[NDArray[np.floating]], rate: int) -> Iterator[Cues]:
    """The Cues of a whole sound, given in mono blocks of any size, as the live path hears them."""
    path = SlowPath(rate)
    for block in blocks:
        yield from path.push(block)
    yield from path.finish()
