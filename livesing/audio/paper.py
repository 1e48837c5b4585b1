"""The features that the paper's audio network hears, of a stream and of a file, by one code.

Every 500 ms come 21 frames of 436 values, a frame every 512 samples at 21504 Hz: 40 MFCC, a tempogram of 384
lags, CENS of 12 pitch classes (Passalis & Doropoulos 2019, arXiv 1912.05654). They are those of librosa 0.11:
`feature.mfcc(n_mfcc=40)`, `feature.tempogram()`, `feature.chroma_cens()`, with its defaults otherwise.

A file is heard twice: first as a whole, since librosa's levels depend on the loudest frame and its chroma on
the tuning of the whole sound; then frame by frame, with 7.5 s of what follows at hand. The result is
librosa's to rounding (MFCC and tempogram to 1e-6, CENS but for a quantum in a few thousand), in constant
memory.

A stream knows its past alone. The frames of a row that ends at t have their centres 500 to 24 ms before t. To
become what it will be in the file, a frame's

    MFCC       wants 48 ms after its centre: all are complete but for the last of a row;
    tempogram  wants 4.57 s: what is still to come is predicted (see tempogram.py);
    CENS       wants .48 s of chroma to smooth over, which wants 1.5 s itself in the lowest octave.

A row is handed out when the resampler has its last sample, 38 to 42 ms after t (115 ms at 8 kHz); or
`lookahead` steps of 500 ms later, and nearer to the file by what came meanwhile. Correlation with the file,
from 10 s on, lowest to highest of four recordings, beside librosa's own on the same past 10 s:

    lookahead   MFCC             tempogram        CENS
    librosa     .9988 .. .9998   .8600 .. .9746   .9625 .. .9804
    0           .9990 .. .9999   .9615 .. .9890   .9625 .. .9804
    1           .9992 .. 1.      .9754 .. .9931   .9961 .. .9997
    2           .9992 .. 1.      .9860 .. .9961   .9963 .. .9998
    4           .9993 .. 1.      .9972 .. .9991   .9966 .. .9998
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from livesing.audio.cens import Cens
from livesing.audio.cqt import CHROMAS
from livesing.audio.framing import Floats
from livesing.audio.mel import MFCCS, MelFrames, Mfcc, raised
from livesing.audio.slow import FRAMES, HOP, SLOW_RATE, STEP
from livesing.audio.steps import Blocks, Steps
from livesing.audio.survey import RecentSurvey, Survey, survey_of
from livesing.audio.tempogram import BACK, HALF, HISTORY, LAGS, Tempogram, onset_strength

FEATURES = MFCCS + LAGS + CHROMAS
"""436 a frame."""
WHOLE_LOOKAHEAD = 15
"""Steps after which no feature changes any more."""


class PaperFeatures:
    """Rows of [21, 436] features of mono sound, pushed in blocks of any size and any rate of 8..192 kHz.

    The sound is worked on in steps of exactly 500 ms at 21504 Hz, so how the stream is cut changes nothing.
    Memory is constant. Owned by one thread.
    """

    def __init__(
        self, rate: int, *, lookahead: int = 0, predicted: bool = True, survey: Survey | None = None
    ) -> None:
        """rate: samples per second, 8000..192000; ValueError outside of that.

        lookahead: steps of 500 ms by which a row comes after its sound, 0 or more. predicted: continue the
        onset strength by prediction, where librosa lets it ramp down to 0. survey: of the whole sound, where
        it is known; else the past serves.
        """
        if lookahead < 0:
            raise ValueError(f"a row cannot come {-lookahead} steps before its sound")
        self._steps = Steps(rate)
        self._lookahead = lookahead
        self._predicted = predicted
        self._survey: Survey | RecentSurvey = RecentSurvey() if survey is None else survey
        self._mel = MelFrames(SLOW_RATE, HISTORY + (lookahead + 2) * FRAMES + BACK)
        self._mfcc = Mfcc()
        self._tempogram = Tempogram()
        self._cens = Cens(lookahead, even_silence=survey is None)
        self._samples = 0
        self._rows = 0
        self._ended = False

    @property
    def bad_samples(self) -> int:
        """Samples that were NaN or infinite so far; they count as 0."""
        return self._steps.bad_samples

    def push(self, block: NDArray[np.floating]) -> list[Floats]:
        """block: [n] mono samples, full scale +-1. Returns the rows that became complete, [21, 436] float32
        each: MFCC, tempogram, CENS of every frame."""
        return [row for step in self._steps.push(block) for row in self.step(step)]

    def step(self, samples: Floats) -> list[Floats]:
        """The same for who has a step already: [10752] samples at 21504 Hz, the next ones."""
        self._hear(samples)
        return self._take_rows()

    def finish(self) -> list[Floats]:
        """The stream has ended: the rows that were held back. A rest under 500 ms has no row."""
        *steps, rest = self._steps.finish()
        rows = [row for step in steps for row in self.step(step)]
        self._ended = True
        self._hear(rest)
        return rows + self._take_rows()

    def _hear(self, samples: Floats) -> None:
        self._samples += samples.size
        magnitudes, levels = self._mel.push(samples)
        self._cens.push(samples, last=self._ended)
        if isinstance(self._survey, RecentSurvey) and not self._ended:
            self._survey.push(magnitudes, self._mel.edges((self._samples - STEP) // HOP), levels)

    def _take_rows(self) -> list[Floats]:
        ready = self._samples // STEP - (0 if self._ended else self._lookahead)
        numbers = range(self._rows, ready)
        self._rows += len(numbers)
        return [self._row(number * FRAMES) for number in numbers]

    def _row(self, first: int) -> Floats:
        """[21, 436] of frames first..first+20, of what is known now."""
        after = first + FRAMES
        loudest_db, tuning = self._survey.loudest_db, self._survey.tuning
        levels = raised(self._mel.levels(first, after, ended=self._ended), loudest_db)
        # The onset strengths that are known, and of the past those that a prediction learns from.
        known = min(self._samples // HOP + 1, after + HALF - 1)
        begin = min(first - HALF, known - HISTORY)
        early = max(0, BACK - begin)
        past = raised(self._mel.levels(begin + early - BACK, known - BACK + 1, ended=True), loudest_db)
        strengths = np.concatenate((np.zeros(early, dtype=np.float32), onset_strength(past)))
        predicted = self._predicted and not self._ended
        parts = (
            self._mfcc.rows(levels),
            self._tempogram.rows(strengths, first - begin, FRAMES, predicted=predicted),
            self._cens.rows(first, FRAMES, tuning),
        )
        return np.concatenate(parts, axis=1)


def file_features(read: Callable[[], Blocks], rate: int) -> Iterator[Floats]:
    """The rows of a whole sound, as librosa has them. `read` gives its blocks, and is called twice."""
    paper = PaperFeatures(rate, lookahead=WHOLE_LOOKAHEAD, survey=survey_of(read(), rate))
    for block in read():
        yield from paper.push(block)
    yield from paper.finish()
