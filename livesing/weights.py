"""`livesing weights`: other people's weights, asked for first, fetched once, checked before they are used."""

import contextlib
import errno
import importlib.util
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from livesing import __version__
from livesing.errors import UsageError, WeightsError
from livesing.generation.engine_key import file_digest
from livesing.generation.weights_known import (
    KNOWN,
    SUMS,
    KnownWeights,
    default_folder,
    fetched,
    find_file,
    place,
    remembered_sums,
)

CHUNK = 1 << 18
TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as broken."""
TRIES = 4
"""Connections that are made before a fetch is given up; each goes on where the one before broke off."""
PAUSE = 1.0
"""Seconds before the second try, twice as long before each further one."""
OF_THE_DISK = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EISDIR,
)
"""Errors of the file that is written, which another connection would not mend."""
TOO_LARGE = 2.0
"""A file this many times larger than it should be is another file."""

Ask = Callable[[str], bool]


def list_weights(folder: Path | None = None) -> None:
    """Print what is known and what is here."""
    folder = folder or default_folder()
    for known in KNOWN.values():
        here = fetched(known.name, folder)
        print(f"{known.name:<16} {known.megabytes:4d} MB  {known.about}")
        print(f"{'':<16} licence: {known.licence}")
        print(f"{'':<16} " + (f"here: {here}" if here else f"from {known.url}"))
    print("stylegan2        any StyleGAN2 in rosinality's layout (.pt), or NVIDIA's G_ema as .safetensors:")
    print(f"{'':<16} yours, named by --weights FILE")


def get(
    name: str, ask: Ask, folder: Path | None = None, url: str | None = None, pause: float = PAUSE
) -> Path:
    """Fetch known weights into the cache -> their file. Does nothing when they are there and whole.

    `ask` is told size, licence and address, and may refuse. `url` takes the place of the known address.
    Raises UsageError for an unknown name, WeightsError when they cannot be had or are not what they must be.
    """
    if name not in KNOWN:
        raise UsageError(f"there are no weights {name!r}; there are: {', '.join(KNOWN)}")
    known, folder = KNOWN[name], folder or default_folder()
    url = url or known.url
    if not _is_web(url):
        raise UsageError(f"{url!r} is no address of the web")
    file = place(known, folder)
    expected = known.sha256 or remembered_sums(folder).get(name)
    if file.is_file() and (expected is None or file_digest(file) == expected):
        print(f"{name} is here already: {file}")
        return file
    if not ask(f"{known.about}\n{known.megabytes} MB from {url}\nlicence: {known.licence}\ninto {file}"):
        raise WeightsError("nothing was fetched")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsError(f"{folder} cannot be written to: {error.strerror or error}") from None
    with _alone(folder):
        return _get(known, file, url, expected, pause)


def _get(known: KnownWeights, file: Path, url: str, expected: str | None, pause: float) -> Path:
    """`get`, after it was asked for. expected: the SHA-256 that was published or remembered."""
    # with its own ending, by which its content is told
    partial = file.with_name(f"{file.stem}.partial{file.suffix}")
    _fetch(url, partial, known, pause)
    found, name = file_digest(partial), known.name
    begins = _digits_in_name(url)
    if not found.startswith(expected or begins):
        _discard(partial)
        where = f" as {file.parent / SUMS} remembers it" if expected and not known.sha256 else ""
        raise WeightsError(
            f"what came from {url} is not {name}: its SHA-256 is {found[:16]}..., and must be "
            f"{(expected or begins)[:16]}...{where}; it was deleted"
        )
    _check_content(partial, known)
    with partial.open("rb+") as whole:
        os.fsync(whole.fileno())
    partial.replace(file)
    _validator(partial).unlink(missing_ok=True)
    if known.sha256 is None:
        _remember(file.parent, name, found)
        told = (
            f"it begins as its address says, with {begins}" if begins else "nobody publishes a SHA-256 for it"
        )
        print(
            f"SHA-256 {found}" + ("" if expected else f" ({told}: remembered, and later fetches must agree)")
        )
    print(f"{name} is ready: {file}")
    return file


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps a second fetch out, which would write into the same part. Windows cannot lock a folder.

    Raises WeightsError while another fetch goes on.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # as a network drive without locks says
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WeightsError(f"another `weights get` writes into {folder} just now") from None
        yield
    finally:
        os.close(handle)


def _is_web(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return known and url.isascii() and url.isprintable() and " " not in url


def _digits_in_name(url: str) -> str:
    """The first digits of a file's SHA-256, as those whom torch.hub's way of naming suits publish them
    (model-099e96f9.pth); empty where a name has none."""
    match = re.search(r"-([0-9a-f]{8,64})\.\w+$", urllib.parse.urlsplit(url).path)
    return match[1] if match else ""


def check(path: Path) -> str:
    """Print which generator's weights a file or folder holds -> its name. Raises WeightsError."""
    _need_torch("to look into a file of weights")
    from livesing.generation.weights_check import check_file

    file = find_file(path)
    checked = check_file(file)
    print(f"{file.name}: {checked.words}")
    print(f"SHA-256 {file_digest(file)}")
    print(f"use it with --generator {checked.generator} --weights {path}")
    return checked.generator


def ask_on_terminal(words: str) -> bool:
    """Show and wait for a yes. Raises UsageError when nobody is there to ask."""
    if not sys.stdin.isatty():
        raise UsageError(f"fetching is asked for first, and there is no terminal: add --yes\n{words}")
    print(words)
    try:
        return input("fetch it? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:  # Ctrl-D
        print()
        return False


def _need_torch(why: str) -> None:
    if importlib.util.find_spec("torch") is None:
        raise WeightsError(f"torch is needed {why}: pip install 'livesing[gan]'")


def _check_content(partial: Path, known: KnownWeights) -> None:
    """Names and shapes, where torch is there to read them."""
    if importlib.util.find_spec("torch") is None:
        print("torch is not installed: its names and shapes are checked when it is first used")
        return
    from livesing.generation.weights_check import check_file

    try:
        checked = check_file(partial)
        if checked.generator != known.generator:
            raise WeightsError(f"it holds {checked.words}")
    except WeightsError as error:
        _discard(partial)
        raise WeightsError(f"what was fetched is not {known.name}: {error}; it was deleted") from None


def _fetch(url: str, partial: Path, known: KnownWeights, pause: float) -> None:
    """Into `partial`, going on from what is there. Raises WeightsError."""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            _transfer(url, partial, known)
            return
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416:
                if error.headers.get("Content-Range") == f"bytes */{_size(partial)}":
                    return  # all of it came before
                _discard(partial)  # what is here does not fit what is there: from the beginning
                trouble = "the server refuses to go on where it broke off"
            elif error.code < 500:
                raise _dead(known, url, f"{error.code} {error.reason}") from None
            else:
                trouble = f"{error.code} {error.reason}"
        except urllib.error.URLError as error:
            trouble = str(getattr(error.reason, "strerror", None) or error.reason)
        except (OSError, HTTPException, ValueError) as error:  # ValueError: led on to no address
            if isinstance(error, OSError) and error.errno in OF_THE_DISK:
                trouble = f"{error.strerror} in {partial.parent}"
                raise WeightsError(f"{known.name}: {trouble}; {_kept(partial)}") from None
            trouble = f"the connection broke off ({error or type(error).__name__})"
    if _size(partial):
        raise WeightsError(f"{known.name}: {trouble}; {_kept(partial)}")
    raise _dead(known, url, trouble)


def _kept(partial: Path) -> str:
    return f"{_size(partial) / 1e6:.0f} MB are kept, and the next `weights get` goes on there"


def _size(partial: Path) -> int:
    return partial.stat().st_size if partial.is_file() else 0


def _dead(known: KnownWeights, url: str, trouble: str) -> WeightsError:
    ways = "".join(f"\n  - {way}" for way in known.alternatives)
    return WeightsError(f"{known.name} cannot be had from {url} ({trouble}). Other ways:{ways}")


def _transfer(url: str, partial: Path, known: KnownWeights) -> None:
    """One connection's worth. Raises URLError, OSError, HTTPException; WeightsError for another file."""
    have = _size(partial)
    validator = _read_validator(partial, url) if have else ""
    if have and not validator:  # whose part it is cannot be told
        _discard(partial)
        have = 0
    request = urllib.request.Request(url, headers={"User-Agent": f"livesing/{__version__}"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", validator)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        if answer.status != 206:
            have = 0
        elif not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            _discard(partial)
            raise ConnectionError("the server went on at another place than it was asked to")
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length and length.isdecimal() else None
        if total is not None and total > TOO_LARGE * known.megabytes * 1e6:
            _discard(partial)
            raise WeightsError(f"{url} holds {total / 1e6:.0f} MB: that is not {known.name}")
        _write_validator(partial, url, answer)
        with partial.open("ab" if have else "wb") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                have += len(chunk)
                if have > TOO_LARGE * known.megabytes * 1e6:
                    break
                _progress(known.name, have, total)
    if total is not None and have != total:
        raise ConnectionError(f"{have} of {total} bytes came")
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _validator(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.json")


def _write_validator(partial: Path, url: str, answer: HTTPResponse) -> None:
    """By which the server can tell whether its file is still the one that was begun (RFC 9110, 13.1.5)."""
    tag = answer.headers.get("ETag", "")
    strong = tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")
    _validator(partial).write_text(json.dumps({"url": url, "validator": strong}), encoding="utf-8")


def _read_validator(partial: Path, url: str) -> str:
    try:
        kept = json.loads(_validator(partial).read_text(encoding="utf-8"))
        return str(kept["validator"]) if kept["url"] == url else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _discard(partial: Path) -> None:
    for path in (partial, _validator(partial)):
        path.unlink(missing_ok=True)


def _remember(folder: Path, name: str, sha256: str) -> None:
    sums = remembered_sums(folder) | {name: sha256}
    with contextlib.suppress(OSError):  # then the next fetch is the first again
        beside = folder / f".{SUMS}.partial"
        beside.write_text(json.dumps(sums, indent=1), encoding="utf-8")
        beside.replace(folder / SUMS)


def _progress(name: str, have: int, total: int | None) -> None:
    if sys.stderr.isatty():
        share = f" of {total / 1e6:.0f}" if total else ""
        print(f"\r{name}: {have / 1e6:.0f}{share} MB ", end="", file=sys.stderr, flush=True)
