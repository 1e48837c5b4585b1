"""Params: one table, many writers, one reader a frame."""

import math
import re
import threading

import numpy as np
import pytest

from livesing.errors import ParamError
from livesing.params import ARRIVED, INDEX, TABLE, Param, Params, check, snapshot

FLOATS = [param for param in TABLE if param.kind == "float"]
SMOOTH = [param for param in FLOATS if param.smoothing > 0]
FADED = "light.bloom"


def play(params: Params, start: float, end: float, fps: float, name: str) -> list[float]:
    count = round((end - start) * fps)
    return [params.drain(start + number / fps)[name] for number in range(1, count + 1)]


# ------------------------------------------------------------------------------------------------ the table


@pytest.mark.parametrize("param", TABLE, ids=lambda param: param.name)
def test_every_line_of_the_table(param: Param) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z]+", param.name)
    assert param.uniform == param.name.replace(".", "_")
    assert param.doc == param.doc.strip() != ""
    assert "\n" not in param.doc
    assert param.low < param.high
    assert param.low <= param.default <= param.high
    assert check(param, param.default) == param.default
    assert param.smoothing >= 0
    assert param.kind == "float" or param.smoothing == 0, "only floats are smoothed"
    assert param.kind != "trigger" or not param.look


def test_names_and_uniforms_are_unique() -> None:
    assert len({param.name for param in TABLE}) == len({param.uniform for param in TABLE}) == len(TABLE)
    assert [TABLE[INDEX[param.name]] for param in TABLE] == list(TABLE)


def test_it_begins_with_the_defaults() -> None:
    values = Params().drain(10.0)
    assert {param.name: param.default for param in TABLE} == dict(values)


# ------------------------------------------------------------------------------------------ what is accepted


@pytest.mark.parametrize("param", [p for p in TABLE if p.kind != "trigger"], ids=lambda param: param.name)
def test_values_are_clamped_and_rounded(param: Param) -> None:
    params = Params()
    assert params.set(param.name, param.low - 1e9) == param.low
    assert params.set(param.name, param.high + 1e9) == param.high
    assert params.target(param.name) == param.high
    middle = params.set(param.name, param.low + 0.37 * (param.high - param.low))
    assert param.low <= middle <= param.high
    if param.kind in ("int", "bool"):
        assert middle == int(middle)
    if param.kind == "bool":
        assert [check(param, value) for value in (0.0, 0.49, 0.5, 1.0, True)] == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 10**400, -(10**400)], ids=["nan", "inf", "-inf", "huge", "-huge"]
)
def test_what_is_no_finite_number_is_refused(value: float) -> None:
    params = Params()
    params.set("light.pulse", 0.7)
    with pytest.raises(ParamError, match="light.pulse"):  # noqa: RUF043
        params.set("light.pulse", value)
    assert params.target("light.pulse") == 0.7


def test_unknown_names_are_refused() -> None:
    params = Params()
    calls = [
        lambda: params.set("light.nothing", 0),
        lambda: params.fire("light.nothing"),
        lambda: params.target("light.nothing"),
        lambda: params.apply({"light.nothing": 0}, 0.0, 0.0),
    ]
    for call in calls:
        with pytest.raises(ParamError, match="light.nothing"):  # noqa: RUF043
            call()


def test_triggers_count() -> None:
    params = Params()
    for count in range(1, 4):
        params.fire("show.next")
        assert params.drain(count / 60)["show.next"] == count == params.target("show.next")
    with pytest.raises(ParamError, match="trigger"):
        params.set("show.next", 1)
    with pytest.raises(ParamError, match="no trigger"):
        params.fire("light.pulse")
    with pytest.raises(ParamError, match="trigger"):
        params.apply({"show.next": 0.0}, 0.0, 0.0)
    assert params.target("show.next") == 3


# ------------------------------------------------------------------------------------------ how values move


@pytest.mark.parametrize("param", SMOOTH, ids=lambda param: param.name)
def test_smoothing_takes_its_time_constant_at_any_frame_rate(param: Param) -> None:
    target = param.high if param.default < param.high else param.low
    after = []
    for fps in (10.0, 60.0, 143.0):
        params = Params()
        params.drain(0.0)
        params.set(param.name, target)
        values = play(params, 0.0, 1.0, fps, param.name)
        assert all(low <= high for low, high in zip(values, values[1:], strict=False)) or target == param.low  # noqa: RUF007
        after.append(values[-1])
    left = (target - param.default) * math.exp(-1.0 / param.smoothing)
    if abs(left) < ARRIVED * (param.high - param.low):
        left = 0.0
    np.testing.assert_allclose(after, target - left, atol=1e-9)


@pytest.mark.parametrize("param", SMOOTH, ids=lambda param: param.name)
def test_it_arrives(param: Param) -> None:
    params = Params()
    params.drain(0.0)
    params.set(param.name, param.low)
    assert play(params, 0.0, 12.0 * param.smoothing, 60.0, param.name)[-1] == param.low


@pytest.mark.parametrize("name", ["show.fade", "lens.fold", "show.hold", "dream.view"])
def test_without_smoothing_it_jumps(name: str) -> None:
    params = Params()
    params.drain(0.0)
    wanted = params.set(name, 1)
    assert params.drain(0.001)[name] == wanted


def test_the_clock_may_stand_or_step_back() -> None:
    params = Params()
    params.drain(5.0)
    params.set(FADED, 1.0)
    before = params.drain(5.02)[FADED]
    assert params.drain(5.02)[FADED] == before
    assert params.drain(4.0)[FADED] == before
    assert before < params.drain(4.02)[FADED] <= 1.0


@pytest.mark.parametrize("fps", [7.0, 60.0])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_a_preset_fades_in_evenly_and_arrives(fps: float, target: float) -> None:
    params = Params()
    begin = params.drain(0.0)[FADED]
    params.apply({FADED: target, "lens.fold": 6}, now=0.0, fade=2.0)
    values = [begin, *play(params, 0.0, 2.5, fps, FADED)]
    assert params.drain(3.0)["lens.fold"] == 6
    steps = np.diff(values) * np.sign(target - begin)
    assert (steps >= -1e-12).all()
    # A smooth step is never steeper than 1.5 times the straight line.
    assert np.abs(steps).max() <= 1.5 * abs(target - begin) / 2.0 / fps + 1e-9
    at = {round(number / fps, 6): value for number, value in enumerate(values)}
    assert all(value == target for time, value in at.items() if time >= 2.0)
    assert all(value != target for time, value in at.items() if time < 1.9)


def test_a_fade_is_half_way_in_the_middle_at_any_frame_rate() -> None:
    for fps in (5.0, 60.0):
        params = Params()
        begin = params.drain(0.0)[FADED]
        params.apply({FADED: 1.0}, now=0.0, fade=2.0)
        assert play(params, 0.0, 1.0, fps, FADED)[-1] == pytest.approx((begin + 1.0) / 2)


def test_setting_by_hand_ends_that_fade_alone() -> None:
    params = Params()
    params.drain(0.0)
    params.apply({FADED: 1.0, "light.vignette": 1.0}, now=0.0, fade=10.0)
    half = params.drain(5.0)
    params.set(FADED, 0.0)
    soon = params.drain(5.5)
    assert soon[FADED] < 0.01  # its own smoothing of 50 ms, not the fade
    assert half["light.vignette"] < soon["light.vignette"] < 1.0
    end = params.drain(10.0)
    assert end[FADED] < 1e-4
    assert end["light.vignette"] == 1.0


def test_a_fade_over_a_fade_does_not_jump() -> None:
    params = Params()
    params.drain(0.0)
    params.apply({FADED: 1.0}, now=0.0, fade=2.0)
    before = params.drain(1.0)[FADED]
    params.apply({FADED: 0.0}, now=1.0, fade=2.0)
    assert params.drain(1.0)[FADED] == before
    assert abs(params.drain(1.016)[FADED] - before) < 0.01
    assert params.drain(3.0)[FADED] == 0.0


def test_apply_is_all_or_nothing() -> None:
    params = Params()
    params.set("light.pulse", 0.9)
    revision = params.changes(0)[-1].revision
    for bad in ({"light.nothing": 0.0}, {FADED: math.nan}):
        with pytest.raises(ParamError):
            params.apply({"light.pulse": 0.1, **bad}, now=0.0, fade=1.0)
    assert params.target("light.pulse") == 0.9
    assert params.changes(revision) == []


def test_apply_without_fade_eases() -> None:
    params = Params()
    begin = params.drain(0.0)[FADED]
    params.apply({FADED: 1.0}, now=0.0, fade=0.0)
    assert begin < params.drain(0.01)[FADED] < 1.0
    assert params.drain(2.0)[FADED] == pytest.approx(1.0)


# ------------------------------------------------------------------------------------------ who said what


def test_changes_since() -> None:
    params = Params()
    assert params.changes(0) == []
    params.set("light.pulse", 0.1, "osc a")
    params.set("light.bloom", 0.2, "keys")
    params.set("light.pulse", 5.0, "osc b")
    params.fire("show.next", "keys")
    news = params.changes(0)
    assert [(c.name, c.value, c.source) for c in news] == [
        ("light.bloom", 0.2, "keys"),
        ("light.pulse", 1.0, "osc b"),
        ("show.next", 1.0, "keys"),
    ]
    assert [c.name for c in params.changes(news[1].revision)] == ["show.next"]
    assert params.changes(news[-1].revision) == []


def test_a_snapshot_does_not_change() -> None:
    params = Params()
    kept = params.drain(0.0)
    row = kept.row.copy()
    params.set("show.fade", 9.0)
    params.drain(1.0)
    np.testing.assert_array_equal(kept.row, row)
    assert dict(snapshot(row)) == dict(kept)
    assert len(kept) == len(TABLE)
    with pytest.raises(KeyError):
        kept["light.nothing"]


def test_many_threads_set_while_one_drains() -> None:
    """Two parameters are always applied together: no frame may ever see one without the other."""
    params = Params()
    params.drain(0.0)
    done = threading.Event()
    errors: list[BaseException] = []

    def hammer(seed: int) -> None:
        rng = np.random.default_rng(seed)
        try:
            while not done.is_set():
                number = int(rng.integers(0, 17))
                params.apply({"lens.fold": number, "dream.view": number}, now=0.0, fade=1.0, source=str(seed))
                params.set("light.pulse", float(rng.normal()), str(seed))
                params.fire("show.next", str(seed))
                params.changes(int(rng.integers(0, 1000)))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=hammer, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    fired = 0.0
    for frame in range(1500):
        values = params.drain(frame / 60)
        assert values["lens.fold"] == values["dream.view"]
        assert 0 <= values["light.pulse"] <= 1
        assert values["show.next"] >= fired
        fired = values["show.next"]
        assert np.isfinite(values.row).all()
    done.set()
    for thread in threads:
        thread.join()
    assert not errors
    assert fired > 0
