"""Other people's weights: fetched over a real connection with its troubles, read with care, told apart."""

import contextlib
import hashlib
import io
import json
import pickle
import struct
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from livesing.cli import main
from livesing.errors import UsageError, WeightsError
from livesing.generation.biggan_config import CONFIGS, BigGANConfig
from livesing.generation.engine_key import file_digest
from livesing.generation.weights_known import KNOWN, KnownWeights, find_file, remembered_sums
from livesing.weights import ask_on_terminal, get

torch = pytest.importorskip("torch", reason="torch is not installed (extra [gan])")

from livesing.generation.biggan_fold import fold  # noqa: E402
from livesing.generation.biggan_reference import random_state  # noqa: E402
from livesing.generation.stylegan2_weights import random_state as random_stylegan2  # noqa: E402
from livesing.generation.weights_check import check_file  # noqa: E402
from livesing.generation.weights_file import read  # noqa: E402

SMALL = BigGANConfig(16, ((False, 4, 4), (True, 4, 2), (True, 2, 1)), attention_before=2, width=8)
NAME = "biggan-small"


@pytest.fixture(scope="module", autouse=True)
def _small_sister() -> Iterator[None]:
    """BigGAN-deep's architecture in small is a generator like the others, during these tests."""
    CONFIGS[NAME] = SMALL
    KNOWN[NAME] = KnownWeights(
        NAME, "biggan-deep-16", "a small BigGAN", 2, "none", "http://localhost:1/small.bin", None,
        ("ask a friend", "draw it yourself"),
    )  # fmt: skip
    yield
    del CONFIGS[NAME], KNOWN[NAME]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("weights") / "small.bin"
    torch.save(random_state(SMALL), file)
    return file.read_bytes()


class Server:
    """An HTTP server of this machine's own, as obedient or as troubled as a test wants it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.status = 200
        self.ranges = True
        self.astray = 0
        """Bytes by which it goes on at another place than it was asked to."""
        self.cuts: list[int] = []
        """Bytes after which each of the next connections breaks off."""
        self.asked: list[str] = []
        """The Range of each request, as it came."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/small.bin"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range", "")
        self.asked.append(wanted)
        if self.status != 200:
            request.send_error(self.status)
            return
        tag = f'"{hash(self.content):x}"'
        first = 0
        if wanted and self.ranges and request.headers.get("If-Range") == tag:
            first = int(wanted.removeprefix("bytes=").rstrip("-"))
            if first >= len(self.content):
                request.send_response(416)
                request.send_header("Content-Range", f"bytes */{len(self.content)}")
                request.end_headers()
                return
            first -= self.astray
        request.send_response(206 if first else 200)
        if first:
            total = len(self.content)
            request.send_header("Content-Range", f"bytes {first}-{total - 1}/{total}")
        request.send_header("Content-Length", str(len(self.content) - first))
        request.send_header("ETag", tag)
        request.end_headers()
        last = first + self.cuts.pop(0) if self.cuts else len(self.content)
        with contextlib.suppress(OSError):  # the client has gone
            request.wfile.write(self.content[first:last])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(content: bytes) -> Iterator[Server]:
    running = Server(content)
    yield running
    running.close()


def fetch(server: Server, folder: Path, ask: Callable[[str], bool] = lambda words: True) -> Path:
    return get(NAME, ask, folder, server.url, pause=0.01)


@pytest.fixture(autouse=True)
def _right_generator() -> None:
    """The small sister's name as `check_file` tells it."""
    known = KNOWN[NAME]
    KNOWN[NAME] = known._replace(generator=SMALL.name)


# --------------------------------------------------------------------------------------------------- fetching


def test_weights_are_fetched_checked_and_remembered(
    server: Server, tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    file = fetch(server, tmp_path)
    assert file.read_bytes() == content
    assert remembered_sums(tmp_path) == {NAME: file_digest(file)}
    said = capsys.readouterr().out
    assert file_digest(file) in said
    assert "nobody publishes" in said, "it says that this sum is its own"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sha256.json", "small.bin"]
    assert fetch(server, tmp_path) == file
    assert len(server.asked) == 1, "what is here is not fetched again"


def test_nothing_is_fetched_without_a_yes(server: Server, tmp_path: Path) -> None:
    told: list[str] = []

    def no(words: str) -> bool:
        told.append(words)
        return False

    with pytest.raises(WeightsError, match="nothing was fetched"):
        fetch(server, tmp_path, no)
    assert "2 MB" in told[0] and "licence: none" in told[0] and server.url in told[0]
    assert not server.asked
    assert not list(tmp_path.iterdir())


def test_a_connection_that_breaks_off_goes_on_where_it_was(
    server: Server, tmp_path: Path, content: bytes
) -> None:
    server.cuts = [100_000, 50_000]
    assert fetch(server, tmp_path).read_bytes() == content
    assert server.asked == ["", "bytes=100000-", "bytes=150000-"]


def give_up(server: Server, folder: Path) -> None:
    """A fetch of which 30 kB arrive."""
    server.cuts = [30_000, 0, 0, 0]
    with pytest.raises(WeightsError, match="are kept"):
        fetch(server, folder)
    server.asked.clear()


def test_the_next_run_goes_on_where_the_last_gave_up(server: Server, tmp_path: Path, content: bytes) -> None:
    give_up(server, tmp_path)
    assert not (tmp_path / "small.bin").exists()
    assert fetch(server, tmp_path).read_bytes() == content
    assert server.asked == ["bytes=30000-"]


def test_a_server_that_goes_on_elsewhere_is_not_believed(
    server: Server, tmp_path: Path, content: bytes
) -> None:
    server.cuts, server.astray = [30_000], 5
    assert fetch(server, tmp_path).read_bytes() == content
    assert server.asked == ["", "bytes=30000-", ""]


def test_a_whole_part_is_not_fetched_again(server: Server, tmp_path: Path, content: bytes) -> None:
    give_up(server, tmp_path)
    (tmp_path / "small.partial.bin").write_bytes(content)  # it was interrupted while it was checked
    assert fetch(server, tmp_path).read_bytes() == content
    assert server.asked == [f"bytes={len(content)}-"]


@pytest.mark.skipif(sys.platform == "win32", reason="a folder cannot be locked there")
def test_two_fetches_do_not_write_into_one_part(server: Server, tmp_path: Path) -> None:
    from livesing.weights import _alone

    with _alone(tmp_path), pytest.raises(WeightsError, match="another"):
        fetch(server, tmp_path)
    assert not server.asked
    fetch(server, tmp_path)


def test_a_sum_in_the_address_is_kept_to(server: Server, tmp_path: Path, content: bytes) -> None:
    right = hashlib.sha256(content).hexdigest()[:8]
    for digits in ("0" * 8, right):
        url = server.url.replace(".bin", f"_rgb-{digits}.pth")
        if digits == right:
            assert get(NAME, lambda words: True, tmp_path, url).read_bytes() == content
        else:
            with pytest.raises(WeightsError, match="must be 00000000"):
                get(NAME, lambda words: True, tmp_path, url)
            assert not list(tmp_path.iterdir())


def test_a_server_that_cannot_go_on_begins_again(server: Server, tmp_path: Path, content: bytes) -> None:
    server.ranges = False
    server.cuts = [100_000]
    assert fetch(server, tmp_path).read_bytes() == content


def test_a_file_that_changed_meanwhile_is_begun_again(server: Server, tmp_path: Path, content: bytes) -> None:
    server.cuts = [30_000, 0, 0, 0]
    server.content = bytes(len(content))
    with pytest.raises(WeightsError, match="are kept"):
        fetch(server, tmp_path)
    server.content = content
    assert fetch(server, tmp_path).read_bytes() == content


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_dead_link_names_the_alternatives(status: int, server: Server, tmp_path: Path) -> None:
    server.status = status
    with pytest.raises(WeightsError) as caught:
        fetch(server, tmp_path)
    assert str(status) in str(caught.value)
    assert "ask a friend" in str(caught.value) and "draw it yourself" in str(caught.value)
    assert len(server.asked) == 1


def test_a_server_that_is_away_names_the_alternatives(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="ask a friend"):
        get(NAME, lambda words: True, tmp_path, "http://127.0.0.1:1/small.bin", pause=0.001)


def test_a_troubled_server_is_tried_again(server: Server, tmp_path: Path) -> None:
    server.status = 503
    with pytest.raises(WeightsError, match="503"):
        fetch(server, tmp_path)
    assert len(server.asked) == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full is /dev/full, on Linux")
def test_a_full_disk_is_no_trouble_of_the_network(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "small.partial.bin").symlink_to("/dev/full")
    with pytest.raises(WeightsError, match=r"^biggan-small: No space left on device in "):
        fetch(server, folder)
    assert len(server.asked) == 1


def test_a_wrong_sum_is_refused_and_deleted(server: Server, tmp_path: Path, content: bytes) -> None:
    fetch(server, tmp_path).unlink()
    server.content = content[:-1] + bytes([content[-1] ^ 1])
    with pytest.raises(WeightsError, match="SHA-256"):
        fetch(server, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sha256.json"]


@pytest.mark.parametrize("wrong", [b"<html>sign in first</html>", b"", bytes(5_000_000)])
def test_other_content_is_refused_and_deleted(wrong: bytes, server: Server, tmp_path: Path) -> None:
    server.content = wrong
    with pytest.raises(WeightsError, match="not biggan-small"):
        fetch(server, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_that_was_damaged_on_disk_is_fetched_anew(
    server: Server, tmp_path: Path, content: bytes
) -> None:
    file = fetch(server, tmp_path)
    file.write_bytes(content[:1000])
    assert fetch(server, tmp_path).read_bytes() == content


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://[::1/a", "http://a b/", "http://a:99999/", "https://", "http://é/"]
)
def test_only_the_web_is_fetched_from(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no address of the web"):
        get(NAME, lambda words: True, tmp_path, url)


def test_nobody_at_the_terminal_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for said, answer in (("", False), ("n\n", False), ("yes\n", True)):
        monkeypatch.setattr("sys.stdin", Terminal(said))
        assert ask_on_terminal("200 MB") is answer


def test_the_command_line(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["weights", "get", NAME, "--from", server.url]) == 2
    assert "add --yes" in capsys.readouterr().err
    assert main(["weights", "get", NAME, "--from", server.url, "--yes"]) == 0
    assert main(["weights", "list"]) == 0
    said = capsys.readouterr().out
    file = said.split("here: ")[1].splitlines()[0]
    assert "biggan-deep-512" in said and "225 MB" in said
    assert main(["weights", "check", file]) == 0
    assert SMALL.name in capsys.readouterr().out
    assert main(["weights", "get", "biggan-9000"]) == 2
    assert main(["weights", "check", str(tmp_path / "none.bin")]) == 2
    errors = capsys.readouterr().err
    assert "Traceback" not in errors and len(errors.splitlines()) == 2


# ---------------------------------------------------------------------------------------------------- reading


def write_safetensors(path: Path, arrays: dict[str, tuple[str, np.ndarray]]) -> None:
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, (kind, array) in arrays.items():
        place = [len(body), len(body) + array.nbytes]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": place}  # type: ignore[dict-item]
        body += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def test_safetensors_are_read(tmp_path: Path) -> None:
    values = np.array([[1.5, -2.0, 3.25]])
    upper = (values.astype("<f4").view("<u4") >> 16).astype("<u2")
    write_safetensors(
        tmp_path / "a.safetensors",
        {
            "float": ("F32", values.astype("<f4")),
            "half": ("F16", values.astype("<f2")),
            "brain": ("BF16", upper),
            "whole": ("I64", np.array([7, -7], "<i8")),
            "nothing": ("F32", np.zeros((0, 4), "<f4")),
            "one": ("F32", np.array(4.0, "<f4")),
        },
    )
    found = read(tmp_path / "a.safetensors")
    for name in ("float", "half", "brain"):
        np.testing.assert_array_equal(found[name].float().numpy(), values)
    assert found["whole"].tolist() == [7, -7]
    assert tuple(found["nothing"].shape) == (0, 4) and found["one"].item() == 4.0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x05",
        struct.pack("<Q", 1 << 60) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 5) + b"{nope",
        struct.pack("<Q", 59) + b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,9999]}} ' + bytes(16),
        struct.pack("<Q", 57) + b'{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,16]}}  ' + bytes(16),
        struct.pack("<Q", 57) + b'{"a":{"dtype":"F99","shape":[4],"data_offsets":[0,16]}}  ' + bytes(16),
        struct.pack("<Q", 57) + b'{"a":{"dtype":"F32","shape":[9e999],"data_offsets":[0,4]}}',
        struct.pack("<Q", 57) + b'{"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}} ' + bytes(16),
    ],
)
def test_broken_safetensors_are_one_line(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(data)
    with pytest.raises(WeightsError):
        read(tmp_path / "a.safetensors")


def test_a_pickle_that_runs_something_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "it ran",))

    file = tmp_path / "trap.pt"
    for write in (lambda: torch.save({"a": Trap()}, file), lambda: file.write_bytes(pickle.dumps(Trap()))):
        write()
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # the message is the one line there is
            with pytest.raises(WeightsError, match=r"more than weights|no whole file"):
                read(file)
    assert not (tmp_path / "it ran").exists()


@pytest.mark.parametrize("data", [b"", b"hello" * 100, b"PK", b"PK\x03\x04" + bytes(99)])
def test_what_is_no_file_of_torch_is_said_in_words(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(data)
    with pytest.raises(WeightsError, match=r"^a\.pt is .*[a-z]{4}") as told:
        read(tmp_path / "a.pt")
    assert len(str(told.value)) < 120


def test_a_byte_that_fell_over_is_found(tmp_path: Path, content: bytes) -> None:
    at = len(content) // 2
    spoilt = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    for data in (content, spoilt):
        (tmp_path / "a.bin").write_bytes(data)
        if data is content:
            assert check_file(tmp_path / "a.bin").generator == SMALL.name
        else:
            with pytest.raises(WeightsError, match="checksum"):
                check_file(tmp_path / "a.bin")


def test_a_folder_with_one_file_of_weights_is_that_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(WeightsError, match="none"):
        find_file(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(content)
    (tmp_path / "small.partial.bin").write_bytes(b"begun")
    assert find_file(tmp_path).name == "pytorch_model.bin"
    (tmp_path / "model.safetensors").write_bytes(b"the same")
    assert find_file(tmp_path).name == "model.safetensors", "as Hugging Face's folders hold them twice"
    (tmp_path / "other.pt").write_bytes(content)
    with pytest.raises(WeightsError, match=r"model\.safetensors, other\.pt, pytorch_model\.bin"):
        find_file(tmp_path)


# ------------------------------------------------------------------------------------------------- told apart


def test_every_generators_weights_are_known(tmp_path: Path) -> None:
    torch.save(random_state(SMALL), tmp_path / "biggan.bin")
    assert check_file(tmp_path / "biggan.bin").generator == SMALL.name
    style = random_stylegan2(16, width=8, most=4)
    torch.save({"g_ema": style, "g_optim": {"lr": 0.1}, "latent_avg": torch.zeros(8)}, tmp_path / "style.pt")
    checked = check_file(tmp_path / "style.pt")
    assert checked.generator == "stylegan2" and "16x16" in checked.words
    arrays = {name: ("F32", value.numpy()) for name, value in random_state(SMALL).items()}
    write_safetensors(tmp_path / "biggan.safetensors", arrays)
    assert check_file(tmp_path / "biggan.safetensors").generator == SMALL.name


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda state: state.pop("generator.bn.bias"), "generator.bn.bias"),
        (lambda state: state.update({"generator.bn.bias": torch.zeros(3)}), "not"),
        (lambda state: state["generator.bn.bias"].fill_(float("inf")), "damaged"),
        (lambda state: [state.pop(name) for name in list(state)[3:]], "no generator"),
        (lambda state: state.update(note="mine"), "note"),
        (lambda state: state.update({7: torch.zeros(1)}), "foreign"),
        (lambda state: state.update({"generator.bn.bias": torch.zeros(8).to_sparse()}), "more than tensors"),
    ],
)
def test_what_is_amiss_is_named(spoil: Callable[[dict], object], words: str, tmp_path: Path) -> None:
    state = random_state(SMALL)
    spoil(state)
    torch.save(state, tmp_path / "biggan.bin")
    with pytest.raises(WeightsError, match=words):
        check_file(tmp_path / "biggan.bin")


def test_weights_without_a_norm_draw_nothing() -> None:
    state = random_state(SMALL)
    state["generator.gen_z.weight_orig"].zero_()
    with pytest.raises(WeightsError, match="draw no picture"):
        fold(state, SMALL)
