"""The HUD: what is running, and why, in figures over the picture."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TEXT = (235, 240, 245, 255)
DIM = (150, 165, 180, 255)
GROUND = (8, 10, 16, 190)
SIZE = 14
LINE = 19
MARGIN = 12
LABEL_WIDTH = 92


class Hud:
    """Draws rows of label and text; one picture is 2 ms, so it is redrawn a few times a second."""

    def __init__(self, width: int = 460) -> None:
        self._font = ImageFont.load_default(SIZE)
        self._width = width

    def image(self, rows: Sequence[tuple[str, str]]) -> np.ndarray:
        """Rows of (label, text) -> [h, w, 4] uint8 with straight alpha; long texts are cut."""
        height = 2 * MARGIN + LINE * len(rows)
        image = Image.new("RGBA", (self._width, height), GROUND)
        draw = ImageDraw.Draw(image)
        room = self._width - LABEL_WIDTH - 2 * MARGIN
        for number, (label, text) in enumerate(rows):
            y = MARGIN + LINE * number
            draw.text((MARGIN, y), label, DIM, self._font)
            draw.text((MARGIN + LABEL_WIDTH, y), self._cut(text, room), TEXT, self._font)
        return np.asarray(image)

    def _cut(self, text: str, room: int) -> str:
        text = " ".join(text.split())[: room // 2]  # one line; no letter is narrower than two pixels
        if self._font.getlength(text) <= room:
            return text
        while text and self._font.getlength(text + "...") > room:
            text = text[:-1]
        return text + "..."
