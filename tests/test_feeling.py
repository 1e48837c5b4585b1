"""The three estimators of feeling: what moves them, what must not, and that a stream feels like a file."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from time import process_time

import numpy as np
import pytest
from sounds import cut, silence, song, white

from livesing.array_file import read_arrays, write_arrays
from livesing.audio.attack_level import AttackLevel
from livesing.audio.chord_mode import ChordMode
from livesing.audio.descriptors import DESCRIPTORS, DescriptorPath, columns, zero_crossings
from livesing.audio.pulse import SILENCE_DB
from livesing.audio.slow import Cues
from livesing.errors import UsageError, WeightsError
from livesing.hearing import Hearing, deam_weights, estimator_of, moods_of
from livesing.sentiment.deam_estimator import HIDDEN, DeamEstimator, DeamHead, gain_free
from livesing.sentiment.feeling import FEELINGS, Glide, Heard
from livesing.sentiment.mood import MOOD_LIMIT
from livesing.sentiment.paper_estimator import FEATURES, WEIGHTS, PaperEstimator, PaperNetwork, quantised
from livesing.train.corpus import variants
from livesing.train.corpus.compose import compose
from livesing.train.corpus.exercises import exercise
from livesing.train.corpus.factors import Factors
from livesing.train.corpus.pairs import APART, compare, contrasts, pieces
from livesing.train.corpus.score import Score
from livesing.train.corpus.sketch import RATE, sketch

SETTLED = 6
"""Half seconds after which a piece is judged."""


def factors(texture: str, seed: int = 0, mode: str = "major") -> Factors:
    return Factors(
        200 + seed, texture, mode, 5 * seed % 12, 84.0 + 8 * seed, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0
    )


def felt(sound, rate=RATE, estimator="cues", size=1 << 14):
    """Mean (valence, arousal) of a sound."""
    moods = [mood for _, mood in moods_of(cut(sound, size), rate, estimator_of(estimator))]
    return np.array(moods)[SETTLED:, 1:3].mean(axis=0)


@cache
def scored(piece: Factors, change: str = "") -> Score:
    score = compose(piece).score
    if not change:
        return score
    name, _, value = change.partition(" ")
    how = getattr(variants, name)
    return how(score, float(value)) if value else how(score)


@cache
def mood_of(piece: Factors, change: str = "") -> tuple[float, float]:
    valence, arousal = felt(sketch(scored(piece, change)))
    return float(valence), float(arousal)


# ------------------------------------------------------------------------------------------------ its cues


@pytest.mark.parametrize("root", [0, 4, 11])
@pytest.mark.parametrize(("third", "sign"), [(4, 1.0), (3, -1.0)])
def test_the_third_of_a_chord_tells_its_mode(root, third, sign):
    chroma = np.full(12, 0.02)
    chroma[[root, (root + third) % 12, (root + 7) % 12]] = 0.2
    chord_mode = ChordMode()
    told = [chord_mode.push([chroma], 0.17) for _ in range(12)]
    assert sign * told[-1] > 0.6
    other = np.roll(chroma, 5)
    assert sign * [chord_mode.push([other], 0.17) for _ in range(12)][-1] > 0.5


@pytest.mark.parametrize("chroma", [np.zeros(12), np.full(12, 0.1), np.eye(12)[0] + np.eye(12)[7]])
def test_without_a_third_there_is_no_mode(chroma):
    assert abs(ChordMode().push([chroma] * 6, 0.17)) < 0.1
    assert ChordMode().push([], 0.17) == 0.0


def test_the_attack_level_does_not_ask_how_long_notes_are():
    def level(share):
        played = (np.arange(200) % 25 < share * 25) * 0.01
        attack = AttackLevel()
        return [attack.push(part) for part in played.reshape(4, 50)][-1]

    assert level(0.3) == pytest.approx(level(1.0), abs=0.1) == pytest.approx(-20.7, abs=0.2)
    assert AttackLevel().push(np.zeros(50)) == SILENCE_DB


# --------------------------------------------------------------------------------------------- what moves it

PLAYED = {piece.name: piece for piece in pieces(8.0)}
ASKED = ("faster above slower", "louder above softer", "denser above sparser", "staccato above legato",
         "piano and strings alike")  # fmt: skip


@pytest.mark.parametrize("piece", ["piano", "strings", "band", "broken"])
@pytest.mark.parametrize("name", ASKED)
def test_the_same_music_played_otherwise(name, piece):
    asked = {contrast.name: contrast for contrast in contrasts(PLAYED[piece])}
    if name not in asked:
        assert any(part.drums for part in PLAYED[piece].score.parts)
        return
    told = compare(PLAYED[piece], asked[name], lambda score: (sketch(score), RATE))
    assert told.passed, (told.valence, told.arousal)


@cache
def heard_of(program: int, *, again: bool = False) -> float:
    """Arousal of a chorale on an instrument; again: each chord is struck twice."""
    score = exercise("chorale", program, 2, 92.0, 6.0)
    return float(felt(sketch(variants.doubled(score) if again else score))[1])


@pytest.mark.parametrize("program", [0, 19, 45, 48])
def test_what_is_struck_again_is_denser_on_any_instrument(program):
    """Where tones last, they run together when they are repeated."""
    assert heard_of(program, again=True) > heard_of(program) + 0.05


@pytest.mark.parametrize("program", [19, 48])
def test_the_same_chords_are_as_aroused_on_piano_organ_and_strings(program):
    assert abs(heard_of(program) - heard_of(0)) < APART


@cache
def twin_of(piece: Factors) -> tuple[float, float]:
    """The mood of a piece played in minor."""
    valence, arousal = felt(sketch(variants.to_minor(scored(piece), piece.tonic)))
    return float(valence), float(arousal)


@pytest.mark.parametrize("texture", ["piano", "strings", "band", "jazz"])
def test_major_is_above_minor_in_valence(texture):
    played = [factors(texture, seed) for seed in (2, 3, 4)]
    apart = [mood_of(piece)[0] - twin_of(piece)[0] for piece in played]
    # A piece that stays long on the chords of its relative key may be heard in that.
    assert np.mean(apart) > 0.6 and sorted(apart)[1] > 0.3


def test_mode_moves_valence_and_not_arousal():
    major = factors("piano", 3)
    one, other = mood_of(major), twin_of(major)
    assert one[0] - other[0] > 3 * abs(one[1] - other[1])


# ------------------------------------------------------------------------------------ what must not move it


@pytest.mark.parametrize("texture", ["piano", "band"])
def test_gain_does_not_move_valence(texture):
    sound = 0.5 * sketch(scored(factors(texture)))
    softer, usual, louder = (felt(sound * np.float32(10 ** (gain_db / 20))) for gain_db in (-6, 0, 6))
    assert max(abs(softer[0] - usual[0]), abs(louder[0] - usual[0])) < 0.1
    assert softer[1] < usual[1] < louder[1]


@pytest.mark.parametrize("estimator", FEELINGS)
def test_a_stream_feels_like_a_file(estimator, deam_here):
    sound = sketch(scored(factors("band")))
    whole, cuts = (felt(sound, estimator=estimator, size=size) for size in (sound.size, None))
    np.testing.assert_allclose(cuts, whole, atol=0.02)


@cache
def sung_at(rate: int):
    return felt(song(rate, 10.0, minor=False), rate)


@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_the_rate_matters_little(rate):
    np.testing.assert_allclose(sung_at(rate), sung_at(44_100), atol=0.25)


# ------------------------------------------------------------------------------------------- one interface


MFCC = len(DESCRIPTORS) - 14
"""Place of the first; gain does not move them."""


def head_arrays(count=10, bias=(0.0, 0.0)):
    """A head whose valence is the first MFCC, and whose arousal the second."""
    ridge = np.zeros((2, count))
    ridge[0, 0] = ridge[1, 1] = 2.0
    return {
        "columns": MFCC + np.arange(count, dtype=np.int32),
        "powers": np.zeros(count),
        "level": np.array([count - 1], np.int32),
        "mean": np.zeros(count),
        "scale": np.ones(count),
        "ridge.weight": ridge,
        "ridge.bias": np.array(bias),
        "hidden.weight": np.zeros((HIDDEN, count)),
        "hidden.bias": np.zeros(HIDDEN),
        "output.weight": np.zeros((2, HIDDEN)),
        "output.bias": np.zeros(2),
    }


@pytest.fixture
def deam_here(tmp_path, monkeypatch):
    """Weights of the head on DEAM, where `--feeling deam` looks for them."""
    file = tmp_path / "deam.safetensors"
    write_arrays(file, head_arrays(), {})
    monkeypatch.setenv("LIVESING_DEAM", str(file))
    return file


@pytest.mark.parametrize("name", FEELINGS)
def test_all_keep_to_the_interface(name, deam_here):
    sound = np.concatenate([song(22_050, 5.0, minor=True), silence(22_050, 6.0), white(22_050, 3.0, -20.0)])
    sound[1000:1100] = np.nan
    pairs = list(moods_of(cut(sound, None), 22_050, estimator_of(name)))
    assert len(pairs) == 28
    moods = np.array([mood for _, mood in pairs])
    np.testing.assert_array_equal(moods[:, 0], [cues.time_s for cues, _ in pairs])
    assert np.isfinite(moods).all()
    assert (np.abs(moods[:, 1:3]) <= MOOD_LIMIT).all()
    assert ((moods[:, 3] >= 0) & (moods[:, 3] <= 1)).all()
    assert moods[9, 3] > 0.2 > moods[21, 3]  # confidence in music, not in silence
    assert moods[21, 2] < -0.8  # silence calms


@pytest.mark.parametrize("name", FEELINGS)
def test_what_comes_later_changes_nothing(name, deam_here):
    sound = song(22_050, 8.0, minor=False)
    other = np.concatenate([sound[: 4 * 22_050], white(22_050, 4.0, -10.0)])
    one, two = (
        np.array([mood for _, mood in moods_of(cut(each, 4096), 22_050, estimator_of(name))])
        for each in (sound, other)
    )
    np.testing.assert_array_equal(one[:7], two[:7])
    assert (one[10:] != two[10:]).any()


def test_another_name_is_refused():
    with pytest.raises(UsageError, match="there are: cues, paper, deam"):
        estimator_of("joy")


def test_without_its_weights_deam_says_how_to_make_them(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVESING_DEAM", str(tmp_path / "none.safetensors"))
    assert deam_weights() == tmp_path / "none.safetensors"
    with pytest.raises(UsageError, match="train audio --deam-features"):
        estimator_of("deam")


def test_a_glide_takes_its_time():
    glide = Glide()
    moods = [glide.toward(2.0, -2.0, 1.0, 0.5, 0.5 * k) for k in range(20)]
    assert 0.3 < moods[0].valence < 1.0 and moods[-1].valence == pytest.approx(2.0, abs=0.01)
    assert glide.toward(float("nan"), float("inf"), float("nan"), 0.5, 9.0).arousal > -2.0
    calm = [glide.calm(0.5, 10.0 + k) for k in range(40)]
    assert calm[-1][1:] == pytest.approx((0.0, Glide.SILENT_AROUSAL, 0.0), abs=0.01)


# ------------------------------------------------------------------------------------- the paper's network


def test_the_papers_network_ships_small():
    assert WEIGHTS.stat().st_size < 8_000_000
    card = WEIGHTS.with_suffix(".md").read_text()
    assert "no listener's ratings" in card and "train audio --corpus" in card


def test_the_papers_network_hears_drive():
    """Trained on composed music, it has to tell calm from driving music at least."""
    calm = replace(factors("piano", 4, "minor"), bpm=58.0, density=-0.9, dynamics=-0.6)
    driving = replace(factors("band", 4), bpm=150.0, density=0.8, dynamics=0.6)
    one, other = (felt(sketch(compose(piece).score), estimator="paper") for piece in (calm, driving))
    assert other[1] > one[1] + 0.5


def test_the_paper_estimator_wants_its_features():
    cues = Cues(0.5, 0.0, 0, 0.5, 2.0, 120.0, -20.0, -20.0, 0.1, 900.0, 900.0, 0.01, False)
    for features in (None, np.zeros(436)):
        with pytest.raises(WeightsError, match="9156"):
            PaperEstimator().feel(Heard(cues, features))
    strange = np.full(FEATURES, np.nan)
    assert np.isfinite(np.array(PaperEstimator().feel(Heard(cues, strange)))).all()


def test_bytes_answer_like_floats():
    rng = np.random.default_rng(0)
    weight = 0.02 * rng.standard_normal((256, FEATURES)).astype(np.float32)
    steps, step = quantised(weight)
    assert steps.dtype == np.int8
    x = rng.standard_normal((50, FEATURES)).astype(np.float32)
    exact, coarse = x @ weight.T, x @ (steps * step[:, None]).T
    assert np.corrcoef(exact.ravel(), coarse.ravel())[0, 1] > 0.9999


# ------------------------------------------------------------------------------------ the head on DEAM


def test_the_head_answers_in_its_order():
    head = DeamHead(head_arrays())
    row = np.zeros(len(columns()))
    row[MFCC], row[MFCC + 1] = 1.0, -1.0
    np.testing.assert_allclose(head(row), [1.0, -1.0])
    assert np.isfinite(head(np.full(len(columns()), np.nan))).all()
    with pytest.raises(WeightsError):
        head(np.zeros(3))


def test_gain_moves_the_level_alone():
    pytest.importorskip("torch", reason="training needs the extra [train]")
    from livesing.train.audio_deam_head import LEVEL, powers_of

    sound, level = song(44_100, 2.0, minor=False), columns().index(LEVEL)
    soft, loud = (
        gain_free(DescriptorPath(44_100).push(sound * np.float32(gain))[-1], powers_of(columns()), level)
        for gain in (0.25, 1.0)
    )
    apart = np.abs(loud - soft) > 1e-3 + 0.02 * np.abs(loud)
    assert np.flatnonzero(apart).tolist() == [level]
    assert loud[level] - soft[level] == pytest.approx(np.log(4.0), abs=1e-4)


def test_mode_and_onsets_join_the_head():
    cues = Cues(0.5, 0.9, 0, 0.9, 2.0, 120.0, -20.0, -20.0, 0.1, 900.0, 900.0, 0.01, False)
    row = np.zeros(len(columns()))

    def settled(**changes):
        estimator = DeamEstimator(DeamHead(head_arrays()))
        return [estimator.feel(Heard(cues._replace(**changes), None, row)) for _ in range(20)][-1]

    assert settled().valence > settled(mode=-0.9).valence + 0.5
    assert settled(onset_rate=7.0).arousal > settled().arousal + 0.3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda arrays: arrays | {"mean": np.zeros(5)},
        lambda arrays: arrays | {"level": np.array([10])},
        lambda arrays: arrays | {"ridge.bias": np.full(2, np.inf)},
        lambda arrays: {name: array for name, array in arrays.items() if name != "scale"},
        lambda arrays: arrays | {"output.weight": np.zeros((2, 3))},
    ],
)
def test_other_weights_are_refused(spoil, deam_here):
    write_arrays(deam_here, spoil(head_arrays()), {})
    with pytest.raises(WeightsError) as refused:
        estimator_of("deam")
    assert "\n" not in str(refused.value)


# ------------------------------------------------------------------------------------------- weights in files


def test_arrays_come_back(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.int8).reshape(2, 3), "b": np.array([1.5, -2.5], np.float32)}
    write_arrays(tmp_path / "w.safetensors", arrays, {"terms": "ours"})
    back, notes = read_arrays(tmp_path / "w.safetensors")
    assert notes == {"terms": "ours"}
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype


@pytest.mark.parametrize("keep", [0, 5, 9, 60, -1])
def test_a_torn_file_is_refused(tmp_path, keep):
    file = tmp_path / "w.safetensors"
    write_arrays(file, {"a": np.zeros(100)}, {})
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(WeightsError):
        PaperNetwork.load(file)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="cannot read"):
        PaperNetwork.load(tmp_path / "none.safetensors")


# ------------------------------------------------------------------------------------------- the descriptors


def test_descriptors_of_a_tone():
    t = np.arange(44_100 * 2) / 44_100
    rows = DescriptorPath(44_100).push((0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32))
    told = dict(zip(columns(), rows[-1], strict=True))
    assert told["pcm_RMSenergy_sma_amean"] == pytest.approx(0.5 / np.sqrt(2), rel=0.01)
    assert told["pcm_zcr_sma_amean"] == pytest.approx(2000 / 44_100, rel=0.01)
    assert told["pcm_fftMag_spectralCentroid_sma_amean"] == pytest.approx(1000, rel=0.03)
    for part in ("25.0", "50.0", "75.0", "90.0"):
        assert told[f"pcm_fftMag_spectralRollOff{part}_sma_amean"] == pytest.approx(1000, abs=100)
    assert told["pcm_RMSenergy_sma_de_stddev"] < 1e-3


OPENSMILE = (
    2.401, 0.16057, 0.016417, 3.9796, 0.51792, 263.71, 309.65, 389.75, 846.69, 0.25851, 609.33, 2.8807,
    2.3726e+06, 9.2919, 116.51, -1.3058, 0.5305, 10.371, 23.072, 28.198, 18.067, -1.9011, -27.839, -40.149,
    -37.818, 11.769, 58.975, 27.992, -20.844, -15.223, 13.862,
)  # fmt: skip
"""Means over the second from .5 s on of what openSMILE 3 (ComParE_2016) tells of the sound below."""


def test_descriptors_are_opensmiles():
    t = np.arange(44_100 * 5 // 2) / 44_100
    chirp = 0.15 * np.sin(2 * np.pi * (110 * t + 40 * t**2)) * (1 + np.sin(6 * np.pi * t))
    sound = chirp + 0.1 * np.sign(np.sin(880 * np.pi * t)) + 0.05 * np.sin(120 * np.pi * t)
    row = DescriptorPath(44_100).push(np.round(sound * 32767) / 32768)[1]
    told = row[: len(DESCRIPTORS)]
    np.testing.assert_allclose(told[1:], OPENSMILE[1:], rtol=0.015)
    assert told[0] == pytest.approx(OPENSMILE[0], rel=0.05)


@pytest.mark.parametrize(
    ("wave", "count"),
    [([1, -1, 1, -1], 2), ([1, 0, -1, -1], 1), ([1, 0, 1, 1], 0), ([0, 0, 0, 0], 2), ([1, 1, -1, -1], 1)],
)
def test_zeros_cross_as_in_opensmile(wave, count):
    assert zero_crossings(np.array([wave], float))[0] == count / 2


def test_descriptors_do_not_care_how_the_stream_is_cut():
    sound = song(44_100, 4.0, minor=False)
    rows = [
        np.array([row for block in cut(sound, size) for row in path.push(block)])
        for size, path in ((512, DescriptorPath(44_100)), (sound.size, DescriptorPath(44_100)))
    ]
    shared = min(map(len, rows))
    assert shared >= 5
    np.testing.assert_allclose(rows[0][:shared], rows[1][:shared], rtol=1e-6, atol=1e-9)
    assert len(columns()) == 4 * len(DESCRIPTORS) == rows[0].shape[1]


@pytest.mark.parametrize("rate", [7_999, 192_001])
def test_other_rates_are_refused(rate):
    for path in (DescriptorPath, lambda rate: Hearing(rate, estimator_of("cues"))):
        with pytest.raises(ValueError, match="not within"):
            path(rate)


# ------------------------------------------------------------------------------------------------------ cost


def test_an_estimator_costs_little_beside_listening():
    """A mood every 500 ms is a small part of what the slow path takes for its cues."""
    sound = song(44_100, 5.0, minor=False)
    estimator = estimator_of("cues")
    begin = process_time()
    heard = [cues for cues, _ in moods_of(cut(sound, 4096), 44_100, estimator)]
    listened = process_time() - begin
    begin = process_time()
    for cues in heard:
        estimator.feel(Heard(cues))
    assert process_time() - begin < 0.2 * listened
