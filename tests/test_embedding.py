"""The embedding of music: causal, the same for any blocks and any gain, and of use to tell music apart."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from wire import Wire

from livesing.audio import embedding
from livesing.audio.embedding import SIZE, STEP_S, TEXTURE, Embedding, EmbeddingPath, embeddings_of
from livesing.audio.slow import Cues, SlowPath
from livesing.hearing import Hearing, estimator_of
from livesing.listener import Listener, embedding_box, mood_box, pulse_box
from livesing.train.corpus.compose import compose
from livesing.train.corpus.factors import draw
from livesing.train.corpus.sketch import RATE, sketch
from livesing.translators import choice_box, choose
from livesing.wishes import TranslatorWish

Rows = np.ndarray


def play(texture: str, seed: int, seconds: float) -> np.ndarray:
    return np.asarray(sketch(compose(replace(draw(seed, seconds), texture=texture)).score), np.float32)


def rows_of(made: list[Embedding]) -> Rows:
    return np.array([one.values for one in made])


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    """4 s of a band."""
    return play("band", 3, 8.0)[: 4 * RATE]


@pytest.fixture(scope="module")
def whole(music: np.ndarray) -> list[Embedding]:
    return list(embeddings_of([music], RATE))


def test_a_row_every_third_of_a_second(whole: list[Embedding]) -> None:
    assert [one.time_s for one in whole] == pytest.approx([STEP_S * number for number in range(1, 13)])
    rows = rows_of(whole)
    assert rows.shape == (12, SIZE) and rows.dtype == np.float32
    assert np.isfinite(rows).all() and np.abs(rows[:, :TEXTURE]).max() <= 1
    assert rows[2:].std(axis=0).max() > 0.05  # it moves with the music


@pytest.mark.parametrize("block", [61, 30_000])
def test_blocks_of_any_size(music: np.ndarray, whole: list[Embedding], block: int) -> None:
    blocks = (music[first : first + block] for first in range(0, len(music), block))
    made = list(embeddings_of(blocks, RATE))
    assert [one.time_s for one in made] == [one.time_s for one in whole]
    np.testing.assert_array_equal(rows_of(made), rows_of(whole))


@pytest.mark.parametrize("gain", [0.1, 2.0])
def test_gain_changes_nothing(music: np.ndarray, whole: list[Embedding], gain: float) -> None:
    rows = rows_of(list(embeddings_of([gain * music], RATE)))
    np.testing.assert_allclose(rows, rows_of(whole), atol=2e-3)


def test_the_past_alone(music: np.ndarray, whole: list[Embedding]) -> None:
    other = music.copy()
    other[2 * RATE :] = play("choir", 4, 8.0)[: len(music) - 2 * RATE]
    rows = rows_of(list(embeddings_of([other], RATE)))
    known = int((2.0 - 0.2) / STEP_S)  # what the resampler still holds back may be touched
    np.testing.assert_array_equal(rows[:known], rows_of(whole)[:known])
    assert np.abs(rows[-1] - rows_of(whole)[-1]).max() > 0.3


def test_silence_says_nothing(music: np.ndarray) -> None:
    assert not rows_of(list(embeddings_of([np.zeros(RATE, np.float32)], RATE))).any()
    after = np.concatenate((music[:RATE], np.zeros(5 * RATE, np.float32)))
    rows = rows_of(list(embeddings_of([after], RATE)))
    assert rows[2].any() and not rows[-1].any()


@pytest.mark.parametrize("rate", [8_000, 48_000, 192_000])
def test_any_rate_and_bad_samples(rate: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, rate * 2).astype(np.float32)
    noise[100:200] = np.nan
    rows = rows_of(list(embeddings_of([noise], rate)))
    assert len(rows) == 6 and np.isfinite(rows).all() and rows.any()


def test_a_rate_that_nobody_has() -> None:
    with pytest.raises(ValueError, match="4000 Hz"):
        EmbeddingPath(4_000)


def test_music_of_a_kind_lies_together() -> None:
    """Of pieces that it was not trained on; embedding.md compares it with means of MFCC on 187 of them."""
    rows, kinds, pieces = [], [], []
    for kind, texture in enumerate(("piano", "drums", "metal")):
        for seed in (904, 905, 906):
            made = list(embeddings_of([play(texture, seed, 6.0)[: 4 * RATE]], RATE))[9:]
            rows += [one.values for one in made]
            kinds += [kind] * len(made)
            pieces += [10 * seed + kind] * len(made)
    x, kind_of, piece_of = np.array(rows), np.array(kinds), np.array(pieces)
    apart = ((x[:, None] - x) ** 2).sum(axis=2)
    apart[piece_of[:, None] == piece_of] = np.inf
    assert (kind_of[apart.argmin(axis=1)] == kind_of).mean() > 0.5  # chance is .25


def test_the_version_is_that_of_the_weights(tmp_path: Path) -> None:
    digest = hashlib.sha256(embedding.WEIGHTS.read_bytes()).hexdigest()
    assert digest[:10] == embedding.VERSION
    card = embedding.WEIGHTS.with_suffix(".md").read_text()
    assert embedding.VERSION in card


def test_cues_are_known_by_name() -> None:
    assert set(embedding.CUE_NAMES) <= set(Cues._fields)
    cues = next(iter(SlowPath(RATE).push(np.full(RATE, 0.1, np.float32))))
    assert np.isfinite(embedding.cue_row(cues)).all()


# ------------------------------------------------------------------------------------------ in the show


def test_hearing_embeds_only_when_asked(music: np.ndarray, whole: list[Embedding]) -> None:
    hearing = Hearing(RATE, estimator_of("cues"))
    hearing.push(music[:RATE])
    assert hearing.take_embedding() is None
    hearing.embeds = True
    hearing.push(music[RATE:])
    made = hearing.take_embedding()
    assert made is not None and made.time_s == pytest.approx(4.0, abs=0.4)
    assert np.abs(made.values - whole[-1].values).mean() < 0.25  # it has heard 3 s of the 4
    assert hearing.take_embedding() is None
    hearing.embeds = False
    hearing.push(music[:RATE])
    assert hearing.take_embedding() is None


@pytest.mark.parametrize("name", ["views", "mine.safetensors"])
def test_the_listener_sends_embeddings_to_translators_that_hear(
    music: np.ndarray, tmp_path: Path, name: str
) -> None:
    wire, embeddings, choice = Wire(RATE), embedding_box(), choice_box()
    choose(choice, TranslatorWish(name), tmp_path, 0.0)
    listener = Listener(wire, pulse_box(), mood_box(), embeddings=embeddings, translators=choice)
    listener.start()
    try:
        end = time.perf_counter() + 30
        for first in range(0, RATE, 2048):
            wire.ring.write(music[first : first + 2048, None])
            while listener.pulse is None or listener.pulse.sample + 1 != wire.ring.written:
                assert listener.is_alive() and time.perf_counter() < end
                time.sleep(0.001)
    finally:
        listener.stop()
        listener.join()
    letter = embeddings.get()
    if name == "views":
        assert letter is None
    else:
        assert letter is not None and letter.value.shape == (SIZE,) and letter.value.any()
