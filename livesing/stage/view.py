"""What a frame is painted from."""

from typing import NamedTuple

from livesing.params import Snapshot
from livesing.sentiment.mood import Mood
from livesing.stage.carry import Carry
from livesing.stage.motion import Stir
from livesing.stage.variants import FAINT
from livesing.style.palette import AffineColour
from livesing.style.rung import Rung
from livesing.style.wct import StyleMaps


class View(NamedTuple):
    """Everything that one frame is painted from."""

    now: float
    dt: float
    params: Snapshot
    stir: Stir
    mood: Mood
    level: float
    curtain: float
    """0 black, 1 open."""
    colour: AffineColour
    """The look's palette and grading."""
    grade: AffineColour
    """The grading alone, for what a style has coloured."""
    style: StyleMaps | None = None
    rung: Rung = Rung.COLOUR
    carry: Carry = Carry()

    @property
    def styled(self) -> bool:
        """Whether the style pass paints it."""
        return self.style is not None and self.rung >= Rung.BANDS and self.params["style.strength"] > FAINT

    @property
    def step_of_style(self) -> tuple[bool, Rung]:
        """What of the painting cannot go over smoothly by itself."""
        return self.styled, self.rung if self.styled else Rung.COLOUR
