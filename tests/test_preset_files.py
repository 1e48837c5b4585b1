"""Preset files: every one that ships is whole, and a broken one is refused with its line."""

import itertools
import os
import re
from pathlib import Path

import pytest

from livesing.errors import PresetError
from livesing.params import INDEX, TABLE
from livesing.preset import LARGEST_FILE, LOOK_PARAMS, MOST_COLOURS, Preset, PresetFolder, files, load, parse

FOLDER = Path(__file__).resolve().parent.parent / "presets"
SHIPPED = files(FOLDER)


def line_of(error: object) -> int:
    found = re.match(r"look\.toml:(\d+): \S", str(error))
    assert found, error
    assert "\n" not in str(error)
    return int(found[1])


def refusal(text: str) -> PresetError:
    with pytest.raises(PresetError) as refused:
        parse(text, "look.toml")
    return refused.value


def marked(text: str) -> tuple[str, int]:
    """The text without its mark `>>`, and the line that it stood on, from 1."""
    return text.replace(">>", ""), text[: text.index(">>")].count("\n") + 1


# ---------------------------------------------------------------------------------------- what ships


def test_there_are_six_or_more() -> None:
    assert len(SHIPPED) >= 6
    assert len({load(path).name for path in SHIPPED}) == len(SHIPPED)
    assert len({load(path).title for path in SHIPPED}) == len(SHIPPED)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_preset(path: Path) -> None:
    preset = load(path)
    assert preset.warnings == ()
    assert preset.title.strip()
    assert len(preset.about) > 10
    assert set(preset.values) == {param.name for param in TABLE if param.look}
    for name, value in preset.values.items():
        assert TABLE[INDEX[name]].low <= value <= TABLE[INDEX[name]].high
    assert all(0 <= part <= 1 for colour in preset.palette for part in colour)


@pytest.mark.parametrize(
    ("one", "other"), list(itertools.combinations(SHIPPED, 2)), ids=lambda path: path.stem.split("-", 1)[1]
)
def test_any_two_shipped_presets_differ_at_a_glance(one: Path, other: Path) -> None:
    a, b = load(one), load(other)
    apart = [
        param.name
        for param in LOOK_PARAMS
        if abs(a.values[param.name] - b.values[param.name]) >= 0.15 * min(param.high - param.low, 2)
    ]
    assert len(apart) >= 3 or (a.palette != b.palette and len(apart) >= 2), apart


# ------------------------------------------------------------------------------------- what is accepted


def test_a_whole_preset() -> None:
    preset = parse(
        'title = "Ember"\nabout = "Coals"\n[palette]\ncolours = ["#000000", "#ff8000"]\n'
        '[light]\npulse = 0.5\nbloom = 1\n["lens"]\nfold = 6\n',
        "2-ember.toml",
    )
    assert (preset.name, preset.title, preset.about, preset.warnings) == ("ember", "Ember", "Coals", ())
    assert preset.palette == ((0, 0, 0), (1, 128 / 255, 0))
    assert (preset.values["light.pulse"], preset.values["light.bloom"], preset.values["lens.fold"]) == (
        0.5,
        1,
        6,
    )
    rest = {
        name: value for name, value in preset.values.items() if name.split(".")[0] not in ("light", "lens")
    }
    assert rest == {name: TABLE[INDEX[name]].default for name in rest}


@pytest.mark.parametrize(
    "text",
    [
        "[light]\npulse = 0.75",
        "light.pulse = 0.75",
        "light = { pulse = 0.75 }",
        "\"light\".'pulse' = 0.75",
        "[ light ] # its table\n\tpulse\t=\t0.75 # and its value",
        "\ufeff[light]\npulse = 0.75",  # as Windows editors begin a file
        "[light]\r\npulse = 0.75\r\n",
    ],
)
def test_all_of_tomls_spellings(text: str, tmp_path: Path) -> None:
    path = tmp_path / "look.toml"
    path.write_bytes(text.encode())
    preset = load(path)
    assert preset.values["light.pulse"] == 0.75
    assert preset.warnings == ()


@pytest.mark.parametrize("file", ["3-deep-sea.toml", "3_deep-sea.toml", "deep-sea.toml", "12 deep-sea.toml"])
def test_names_come_from_the_file(file: str) -> None:
    preset = parse("", file)
    assert (preset.name, preset.title) == ("deep-sea", "Deep sea")


# -------------------------------------------------------------------------------------- unknown keys warn

UNKNOWN = {
    "top": 'title = "a"\n>>colour = 3\n[light]\npulse = 0.5\n',
    "table": "[light]\npulse = 0.5\n\n>>[lights]\npulse = 0.5\n",
    "in a table": "[light]\npulse = 0.5\n>>pulses = 0.5\n",
    "behind another table's like": "[motion]\npulse = 0.5\nzoom = 0.1\n[light]\n>>zoom = 0.5\n",
    "dotted": "light.pulse = 0.5\n>>light.pulses = 0.5\n",
    "inline": "motion = { zoom = 0.5 }\n>>light = { pulse = 0.5, zoom = 0.5 }\n",
    "quoted": "[light]\npulse = 0.5\n>>'pul se' = 0.5\n",
    "quoted table": '["motion"]\nzoom = 0.5\n["light"]\n>>zoom = 0.5\n',
    "sub-table": "[light]\npulse = 0.5\n\n>>[light.more]\nbloom = 0.5\n",
    "sub-table of an unknown one": "[light]\npulse = 0.5\n>>[lights.more]\nbloom = 0.5\n",
    "palette": '[palette]\ncolours = ["#000000",\n"#ffffff"]\n>>names = ["a", "b"]\n',
    "what belongs to the show": "[light]\nbloom = 0.1\n>>[show]\nfade = 1.0\n",
    "after a comment that looks like it": "[light]\n# pulses = 0.5\npulse = 0.5 # pulses = 1\n>>pulses = 0.5\n",  # noqa: E501
    "after a text that looks like it": 'about = """\n[light]\npulses = 1\n"""\n[light]\npulse = 0.5\n>>pulses = 2\n',  # noqa: E501
    "after a colour list": '[palette]\ncolours = [\n  "#000000", # light\n  "#ffffff",\n]\n[light]\n>>bright = 1\n',  # noqa: E501
}


@pytest.mark.parametrize("text", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_key_is_a_warning_with_its_line(text: str) -> None:
    text, line = marked(text)
    preset = parse(text, "look.toml")
    assert [line_of(warning) for warning in preset.warnings] == [line]
    assert "unknown" in preset.warnings[0]


# ------------------------------------------------------------------------------------- bad values refuse

BAD = {
    "range": "[light]\nbloom = 0.1\n>>pulse = 1.5\n",
    "below": "[motion]\nbloom = 0.1\n>>zoom = -1.01\n",
    "text": '[light]\n>>pulse = "bright"\n',
    "bool for a number": "[light]\n>>pulse = true\n",
    "nan": "[light]\nbloom = 0.1\n>>pulse = nan\n",
    "inf": "[light]\n>>pulse = inf\n",
    "-inf": "[light]\n>>pulse = -inf\n",
    "nan for an int": "[lens]\n\n>>fold = nan\n",
    "inf for an int": "[lens]\n\n>>fold = +inf\n",
    "broken int": "[lens]\n>>fold = 2.5\n",
    "huge int": f"[light]\n>>pulse = {10**30}\n",
    "int beyond float": f"[light]\nbloom = 0.2\n>>pulse = {'9' * 400}\n",
    "int beyond float for an int": f"[lens]\n>>fold = {'9' * 400}\n",
    "int beyond int": f"[light]\nbloom = 0.2\n>>pulse = {'9' * 5000}\n",
    "array": "[light]\n>>pulse = [0.1, 0.2]\n",
    "array over lines": "[light]\n>>pulse = [\n0.1,\n0.2,\n]\nbloom = 0.1\n",
    "date": "[light]\n>>pulse = 2026-01-01\n",
    "table for a number": "[light]\nbloom = 0.1\n>>pulse = { a = 1 }\n",
    "sub-table for a number": "[light]\nbloom = 0.1\n>>[light.pulse]\na = 1\n",
    "dotted below a number": "[motion]\nzoom = 0.1\n[light]\n>>pulse.a = 1\n",
    "dotted": "title = 'a'\n>>light.pulse = 9\n[motion]\nzoom = 0.5\n",
    "dotted with spaces": ">>light . pulse = 9\n",
    "quoted": '[motion]\nzoom = 0.5\n[light]\n>>"pulse" = 9\n',
    "quoted table": '[motion]\npulse = 0.5\n["light"]\n>>pulse = 9\n',
    "inline": "motion = { pulse = 0.3 }\n\n>>light = { bloom = 0.1, pulse = 9 }\n",
    "header and comment": "[motion] # [light]\npulse = 0.3\n[ light ]#\n# pulse = 9\n>>pulse = 9\n",
    "after a text that looks like it": 'about = """\n[light]\npulse = 9\n"""\n[light]\n>>pulse = 9\n',
    "after a text of one quote": "about = '''\npulse = 9 \\'''\n[light]\n>>pulse = 9\n",
    "same name elsewhere": "[motion]\npulse = 0.5\n[hue]\npulse = 0.1\n[light]\n>>pulse = 9\n",
    "a value for a table": "title = 'a'\n>>light = 3\n",
    "a list for a table": "[motion]\nzoom = 0.1\n>>[[light]]\npulse = 0.5\n",
    "title": "[light]\npulse = 0.5\n".join([">>title = 3\n", ""]),
    "about": "title = 'a'\n>>about = ['b']\n",
    "palette is no table": ">>palette = ['#000000', '#ffffff']\n",
    "colour names": "[palette]\n>>colours = ['red', 'blue']\n",
    "colour in a longer list": "title = 'a'\n[palette]\n>>colours = [\n'#000000',\n'#00000g',\n]\n",
    "one colour": "[palette]\n>>colours = ['#000000']\n",
    "too many colours": f"[palette]\n>>colours = {['#000000'] * (MOST_COLOURS + 1)}\n",
    "colours as text": "[palette]\n>>colours = '#000000'\n",
    "after a line separator in a comment": "# a\u2028b\x85c\n[light]\n>>pulse = 9\n",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_bad_value_refuses_the_file_with_its_line(text: str) -> None:
    text, line = marked(text)
    assert line_of(refusal(text)) == line


SYNTAX = {
    "no value": "title = 'a'\n[light]\n>>pulse =\nbloom = 0.1\n",
    "no equals": "[light]\n>>pulse 0.5\n",
    "header": "title = 'a'\n>>[light\npulse = 0.5\n",
    "twice": "[light]\npulse = 0.5\nbloom = 0.1\n>>pulse = 0.5\n",
    "table twice": "[light]\npulse = 0.5\n>>[light]\nbloom = 0.5\n",
    "open text": "title = 'a'\n>>about = \"b\n[light]\n",
    "control character": "title = 'a'\n>>about = 'b\x07'\n",
    "open array at the end": "[light]\npulse = 0.5\n>>bloom = [",
    "open text at the end": "title = 'a'\n>>about = 'b",
}


@pytest.mark.parametrize("text", SYNTAX.values(), ids=SYNTAX.keys())
def test_what_is_no_toml_is_refused_with_its_line(text: str) -> None:
    text, line = marked(text)
    assert line_of(refusal(text)) == line


def test_an_open_end_names_a_line_that_is_there() -> None:
    assert line_of(refusal("title = 'a'\nabout = '''b\n\n")) <= 3


@pytest.mark.parametrize("text", ["a = " + "[" * 30_000, "a = " + "{b=" * 10_000, "[" + "a." * 20_000 + "a]"])
def test_bottomless_nesting_is_refused(text: str) -> None:
    """It must end in a refusal or a warning; an exception of another kind would end the watching thread."""
    try:
        assert parse(text, "look.toml").warnings
    except PresetError as error:
        assert line_of(error) == 1  # noqa: PT017


def test_a_refusal_tells_what_would_do() -> None:
    assert "0 to 1" in str(refusal("[light]\npulse = 2\n"))
    assert "light.pulse" in str(refusal("[light]\npulse = 2\n"))
    assert '["#' in str(refusal("[palette]\ncolours = ['red', 'blue']\n"))


# ---------------------------------------------------------------------------------------------- files


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PresetError, match=r"^look\.toml:1: cannot be read"):
        load(tmp_path / "look.toml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "look.toml").mkdir()
    with pytest.raises(PresetError, match=r"^look\.toml:1: cannot be read"):
        load(tmp_path / "look.toml")
    assert files(tmp_path) == []


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "look.toml"
    path.write_text("# a\n" * (LARGEST_FILE // 4) + "#")
    with pytest.raises(PresetError, match=r"^look\.toml:1: larger"):
        load(path)
    path.write_text("# a\n" * (LARGEST_FILE // 4))
    assert load(path).warnings == ()


@pytest.mark.parametrize(
    "content", [b"title = 'a\xff'", b"\x00\x01\x02", b"\xff\xfet\x00i\x00", b"\x80" * 100]
)
def test_a_file_that_is_no_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "look.toml"
    path.write_bytes(content)
    with pytest.raises(PresetError, match=r"^look\.toml:\d+: "):
        load(path)


# ---------------------------------------------------------------------------------------- the folder


def put(path: Path, text: str) -> None:
    """Save a file; its time moves on even where the file system's clock is coarse."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    now = max(path.stat().st_mtime_ns, before + 1_000_000)
    os.utime(path, ns=(now, now))


def names(folder: PresetFolder) -> list[str]:
    return [preset.name for preset in folder.presets]


def test_the_folder_follows_its_files(tmp_path: Path) -> None:
    put(tmp_path / "2-b.toml", "light.pulse = 0.2")
    put(tmp_path / "1-a.toml", "light.pulse = 0.1")
    (tmp_path / "notes.txt").write_text("no preset")
    folder = PresetFolder(tmp_path)
    changed, messages = folder.poll()
    assert names(folder) == [preset.name for preset in changed] == ["a", "b"]
    assert messages == []
    assert folder.poll() == ([], [])

    put(tmp_path / "3-c.toml", "light.pulse = 0.3\nlight.puls = 1")
    changed, messages = folder.poll()
    assert [preset.name for preset in changed] == ["c"]
    assert names(folder) == ["a", "b", "c"]
    assert len(messages) == 1
    assert messages[0].startswith("3-c.toml:2: unknown")

    put(tmp_path / "2-b.toml", "light.pulse = 0.25")
    changed, messages = folder.poll()
    assert [(preset.name, preset.values["light.pulse"]) for preset in changed] == [("b", 0.25)]
    assert folder.presets[1].values["light.pulse"] == 0.25

    (tmp_path / "1-a.toml").unlink()
    assert folder.poll() == ([], [])
    assert names(folder) == ["b", "c"]


def test_a_file_that_breaks_keeps_its_last_good_state(tmp_path: Path) -> None:
    path = tmp_path / "1-a.toml"
    put(path, "light.pulse = 0.1")
    folder = PresetFolder(tmp_path)
    folder.poll()
    put(path, "title = 'a'\nlight.pulse = 7")
    changed, messages = folder.poll()
    assert changed == []
    assert len(messages) == 1
    assert messages[0].startswith("1-a.toml:2: light.pulse goes from 0 to 1")
    assert folder.presets[0].values["light.pulse"] == 0.1
    assert folder.poll() == ([], []), "a refusal is told once"
    put(path, "title = 'a'\nlight.pulse = 0.7")
    assert [preset.values["light.pulse"] for preset in folder.poll()[0]] == [0.7]


def test_a_file_that_was_never_good_is_not_in_the_list(tmp_path: Path) -> None:
    put(tmp_path / "1-a.toml", "light.pulse = 7")
    put(tmp_path / "2-b.toml", "light.pulse = 0.7")
    folder = PresetFolder(tmp_path)
    assert len(folder.poll()[1]) == 1
    assert names(folder) == ["b"]


def test_an_unchanged_look_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "1-a.toml"
    put(path, "light.pulse = 0.1")
    folder = PresetFolder(tmp_path)
    folder.poll()
    put(path, "# only a comment more\nlight.pulse = 0.1")
    assert folder.poll() == ([], [])


@pytest.mark.parametrize(
    "text", [BAD["inf for an int"], BAD["int beyond int"], "a = " + "[" * 30_000, "\x00"]
)
def test_polling_survives_any_file(tmp_path: Path, text: str) -> None:
    put(tmp_path / "1-a.toml", "light.pulse = 0.1")
    put(tmp_path / "2-b.toml", text.replace(">>", ""))
    folder = PresetFolder(tmp_path)
    folder.poll()
    assert names(folder)[0] == "a"


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    folder = PresetFolder(tmp_path / "nothing")
    assert folder.poll() == ([], [])
    assert folder.presets == ()


def test_hidden_files_are_no_presets(tmp_path: Path) -> None:
    """What editors and macOS leave beside a file: `._1-a.toml`, `.#1-a.toml`."""
    put(tmp_path / "1-a.toml", "")
    (tmp_path / "._1-a.toml").write_bytes(b"\x00\x05\x16\x07")
    assert files(tmp_path) == [tmp_path / "1-a.toml"]


def test_find(tmp_path: Path) -> None:
    for name in ("1-a", "2-deep-sea", "3-c"):
        put(tmp_path / f"{name}.toml", "title = 'Red Sea'" if name == "3-c" else "")
    folder = PresetFolder(tmp_path)
    folder.poll()
    for name, found in {
        "deep-sea": "deep-sea",
        "DEEP sea": "deep-sea",
        "2": "deep-sea",
        "red sea": "c",
    }.items():
        preset = folder.find(name)
        assert isinstance(preset, Preset)
        assert preset.name == found
    for name in ("sea", "4", "0", ""):
        with pytest.raises(PresetError, match="there are: a, deep-sea, c"):
            folder.find(name)
