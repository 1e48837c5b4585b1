"""`livesing label`: a window that plays a passage and asks which of nine pictures suits it.

One loop on the main thread: keys, a few pictures or a little hearing, a frame. So a pick is possible at
once, while pictures are still being made and passages still being heard. The sound comes from PortAudio's own
thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing import assets
from livesing.audio.named_sound import DEMO
from livesing.audio.player import Player
from livesing.clock import now as clock_now
from livesing.closed_loop import still
from livesing.errors import LivesingError, SourceError
from livesing.generation.engine_open import ServedGenerator
from livesing.label_page import BARS, Box, Page, draw, layout, wave_of
from livesing.stage.shader_store import ShaderStore
from livesing.stage.window import WindowSurface
from livesing.train.label_session import GOAL, GRID, LabelSession
from livesing.train.labels import Passage
from livesing.train.passages import file_of, sound_of

PERIOD = 1 / 30
"""Seconds of a frame."""
HEARING_S = 0.015
"""Of a frame that may go into hearing what may be asked next."""
PAINTING_S = 0.04
"""After which pictures that were made are shown before the next ones."""
GLOW_S = 0.6
"""How long the place of the last pick still shines."""
NOWHERE: Box = (0, 0, 0, 0)


class LabelWindow:
    """Owns what is on the screen; the session behind it owns what was asked and answered."""

    def __init__(
        self, surface: WindowSurface, session: LabelSession, generator: ServedGenerator, player: Player
    ) -> None:
        self._surface = surface
        self._session = session
        self._generator = generator
        self._player = player
        self._program = ShaderStore(surface.ctx, assets.folder("shaders")).get("label")
        self._texture = surface.ctx.texture((1, 1), 3)
        self._drawn: tuple[object, ...] = ()
        self._layout = layout((1280, 720), GRID, 16 / 9)
        self._number = -1
        self._passage: Passage | None = None
        self._tiles: list[NDArray[np.uint8] | None] = []
        self._wave: NDArray[np.floating] = np.zeros(BARS)
        self._sound: tuple[NDArray[np.float32], int] | None = None
        self._chosen, self._chosen_at = NOWHERE, -1e9
        self._trouble = ""

    def run(self) -> None:
        """Until Esc, or the window is closed."""
        while self._surface.open():
            began = clock_now()
            for press in self._surface.poll():
                if not self._key(press.key, began):
                    return
            for x, y in self._surface.clicks():
                place = self._layout.tile_at(x, y)
                if place is not None:
                    self._pick(place, began)
            self._work(began)
            self._draw(clock_now())
            self._surface.swap()
            time.sleep(max(0.0, PERIOD - (clock_now() - began)))

    def _key(self, key: str, now: float) -> bool:
        """False to end."""
        session = self._session
        if key == "escape":
            return False
        if key.isdigit():
            self._pick(int(key) - 1, now)
        elif key == "space":
            session.another()
        elif key == "s":
            self._answer(session.skip)
        elif key == "backspace":
            self._answer(session.back)
        elif key == "r":
            self._play(now)
        elif key == "f":
            self._surface.toggle_fullscreen()
        return True

    def _pick(self, place: int, now: float) -> None:
        """Only what is to be seen: while a new grid comes, a key still meant the last one."""
        if place < len(self._tiles) and self._tiles[place] is not None and self._current():
            picked = self._session.picked
            self._answer(lambda: self._session.pick(place))
            if self._session.picked > picked:
                self._chosen, self._chosen_at = self._layout.tiles[place], now

    def _current(self) -> bool:
        """Whether the tiles are those of the session's grid."""
        return self._session.number == self._number

    def _answer(self, act: Callable[[], None]) -> None:
        """An answer that cannot be saved does not count; the screen says so."""
        try:
            act()
            self._trouble = ""
        except LivesingError as error:
            self._trouble = str(error)

    def _work(self, now: float) -> None:
        """Go on with what is still to be made, for a frame's worth of time."""
        session = self._session
        if not self._current():
            self._number = session.number
            self._tiles = [None] * len(session.grid)
            if session.passage != self._passage or self._sound is None:
                self._passage = session.passage
                self._load(now)
        missing = [place for place, tile in enumerate(self._tiles) if tile is None]
        for place in missing:
            self._tiles[place] = still(self._generator, session.grid[place].wish())
            if clock_now() - now > PAINTING_S:
                break
        if missing:
            return
        while clock_now() - now < HEARING_S and session.listen():
            pass

    def _load(self, now: float) -> None:
        self._sound, self._wave = None, np.zeros(BARS)
        if self._passage is None:
            return
        try:
            self._sound = sound_of(self._passage, file_of(self._passage.file, self._session.folder))
        except SourceError as error:
            self._trouble = str(error)
            return
        self._wave = wave_of(self._sound[0])
        self._play(now)

    def _play(self, now: float) -> None:
        if self._sound is not None:
            self._player.play(*self._sound, now)

    def _draw(self, now: float) -> None:
        target = self._surface.target
        width, height = self._generator.size
        self._layout = layout(target.size, len(self._tiles), width / height)
        page = self._page()
        made = sum(tile is not None for tile in self._tiles)
        state = (target.size, self._number, made, page[:4], page.notes)
        if state != self._drawn:
            self._drawn = state
            self._show(draw(page, self._layout))
        hover = self._layout.tile_at(*self._surface.pointer)
        if hover is not None and self._tiles[hover] is None:
            hover = None  # there is nothing to pick yet
        target.use()
        self._program.draw(
            {
                "size": tuple(map(float, target.size)),
                "wave": tuple(map(float, self._layout.wave)),
                "played": self._player.played(now),
                "hover": tuple(map(float, NOWHERE if hover is None else self._layout.tiles[hover])),
                "chosen": tuple(map(float, self._chosen)),
                "glow": max(0.0, 1 - (now - self._chosen_at) / GLOW_S),
            },
            {"page": self._texture},
        )

    def _show(self, picture: NDArray[np.uint8]) -> None:
        size = picture.shape[1], picture.shape[0]
        if self._texture.size != size:
            self._texture.release()
            self._texture = self._surface.ctx.texture(size, 3, alignment=1)
        self._texture.write(np.ascontiguousarray(picture).tobytes(), alignment=1)

    def _page(self) -> Page:
        session, passage = self._session, self._passage
        if passage is None:
            title, place = "Every passage has been answered", "Backspace takes the last answer back"
        else:
            title = "The demo piece" if passage.file == DEMO else Path(passage.file).stem.replace("_", " ")
            place = f"{clock(passage.start_s)} to {clock(passage.start_s + passage.seconds)}"
            if session.heard >= 10:
                place += f"   chosen among {session.heard // 10 * 10} passages"
        return Page(title, place, session.picked, GOAL, self._wave, self._tiles, self._notes())

    def _notes(self) -> Sequence[str]:
        notes = [self._trouble] if self._trouble else []
        if self._player.trouble and self._player.trouble != "muted":
            notes.append(f"{self._player.trouble}: you hear nothing, the pictures go on")
        if self._session.picked >= GOAL:
            notes.append(f"{self._session.picked} pairs: enough for 'livesing train personal'")
        return tuple(notes)


def clock(seconds: float) -> str:
    """1:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
