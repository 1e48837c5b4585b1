"""Draws a story as one figure on the width of an A4 page, after deepsing's figure 1.

From the top: every other key frame, valence and arousal over time, the classes' shares as a heat map, the
frames between. Thin lines lead from each frame to its moment.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from livesing.errors import LivesingError
from livesing.story import KeyFrame, Story
from livesing.whole_file import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

WIDTH = 8.27
"""Inches: A4."""
LEFT, RIGHT, EDGE = 1.52, 0.30, 0.30
"""Inches beside the plots, where the classes' names stand; and around the page."""
HEAD, CAPTION, LEADER, CURVES, TIMES, ROW, FOOT = 0.50, 0.38, 0.28, 1.45, 0.36, 0.128, 0.10
"""Inches from the top: the title, a frame's caption, the room for lines, the curves, the time axis between
the plots, one class, the bottom."""
GAP = 0.10
"""Inches between frames of a row."""
TALLEST = 1.42
"""Inches: a square frame is smaller than its room."""

INK, GREY, FAINT, BAND = "#1d1b26", "#6b6878", "#c9c5d2", "#f5f3f7"
VALENCE, AROUSAL = "#d1495b", "#1f6f8b"
HEAT = ("#ffffff", "#efe3ee", "#d5a9c6", "#a35f9c", "#5d3a7e", "#1f1d47")
"""White paper to ink, lightness falling evenly."""
TEXT, SMALL, SCALE, TITLE, SMALLEST_TITLE = 7.5, 6.6, 5.8, 12.0, 8.0
"""Points."""


def draw(story: Story, path: Path, dpi: float) -> None:
    """Write the figure; its kind is told by the ending. The same story gives the same bytes. Raises
    LivesingError."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    settings = {
        "font.family": "DejaVu Sans",  # comes with matplotlib, so it is the same everywhere
        "font.size": TEXT,
        "svg.hashsalt": "livesing",
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
        "axes.linewidth": 0.6,
        "axes.edgecolor": GREY,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    dates = {".png": {"Software": None}, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    with warnings.catch_warnings(), matplotlib.rc_context(settings):
        warnings.simplefilter("ignore")  # a title in letters that the font lacks
        page = _Page(story)
        figure = Figure(figsize=(WIDTH, page.height), facecolor="white")
        FigureCanvasAgg(figure)
        page.draw(figure)
        with whole_file(path) as partial:
            try:
                figure.savefig(partial, dpi=dpi, metadata=dates[path.suffix.lower()])
            except ValueError as error:  # a picture beyond what the library holds
                raise LivesingError(f"{path.name} cannot be drawn: {error}") from None


class _Page:
    """Where everything stands, in inches from the top left."""

    def __init__(self, story: Story) -> None:
        self.story = story
        above, below = story.frames[0::2], story.frames[1::2]
        height, width = story.frames[0].picture.shape[:2]
        columns = max(len(above), 2)
        room = (WIDTH - 2 * EDGE - (columns - 1) * GAP) / columns
        self.frame = min(room, TALLEST * width / height)  # wide
        self.tall = self.frame * height / width
        self.curves = HEAD + self.tall + CAPTION + LEADER
        self.heat = self.curves + CURVES + TIMES
        self.heat_tall = ROW * len(story.names)
        self.lower = self.heat + self.heat_tall + LEADER
        self.height = self.lower + (self.tall + CAPTION if below else 0.0) + FOOT
        self.rows = ((above, HEAD, 1), (below, self.lower, 2))
        # Half a step before the first row to half a step after the last: the heat map's cells.
        step = story.times[1] - story.times[0]
        self.span = story.times[0] - step / 2, story.times[-1] + step / 2

    def axes(self, figure: "Figure", left: float, top: float, wide: float, tall: float) -> "Axes":
        box = left / WIDTH, 1 - (top + tall) / self.height, wide / WIDTH, tall / self.height
        return figure.add_axes(box)

    def draw(self, figure: "Figure") -> None:
        story, wide = self.story, WIDTH - LEFT - RIGHT
        about = self.text(figure, WIDTH - EDGE, 0.27, story.about, size=SMALL, color=GREY, ha="right")
        title = self.text(figure, EDGE, 0.27, story.title, size=TITLE, weight="bold")
        room = WIDTH - 2 * EDGE - 0.3 - width_of(about)
        title.set_fontsize(max(SMALLEST_TITLE, TITLE * min(1.0, room / max(width_of(title), 1e-6))))
        shorten(title, room)
        curves = self.axes(figure, LEFT, self.curves, wide, CURVES)
        heat = self.axes(figure, LEFT, self.heat, wide, self.heat_tall)
        self.draw_curves(curves)
        self.draw_heat(figure, heat)
        for frames, top, first in self.rows:
            wanted = [self.x_of(frame.time) - self.frame / 2 for frame in frames]
            lefts = side_by_side(wanted, self.frame + GAP, EDGE, WIDTH - EDGE - self.frame)
            for place, (frame, left) in enumerate(zip(frames, lefts, strict=True)):
                self.draw_frame(figure, frame, first + 2 * place, left, top)

    def x_of(self, time: float) -> float:
        """Inches."""
        share = (time - self.span[0]) / (self.span[1] - self.span[0])
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def draw_frame(self, figure: "Figure", frame: KeyFrame, number: int, left: float, top: float) -> None:
        axes = self.axes(figure, left, top, self.frame, self.tall)
        axes.imshow(frame.picture, interpolation="bicubic", aspect="auto")
        axes.set_xticks([])
        axes.set_yticks([])
        for side in axes.spines.values():
            side.set_visible(False)
        middle = left + self.frame / 2
        caption = top + self.tall + 0.12
        words = f"{number}   {clock(frame.time)}   {frame.name}"
        shorten(self.text(figure, middle, caption, words, size=SMALL, ha="center"), self.frame + GAP / 2)
        if frame.beside:
            second = self.text(
                figure, middle, caption + 0.11, f"with {frame.beside}", size=SCALE, color=GREY, ha="center"
            )
            shorten(second, self.frame)
        x = self.x_of(frame.time)
        if top < self.curves:
            path = [
                (middle, top + self.tall + (0.28 if frame.beside else 0.19)),
                (middle, self.curves - 0.20),
                (x, self.curves),
            ]
        else:
            path = [(middle, top - 0.03), (middle, top - 0.10), (x, self.heat + self.heat_tall)]
        self.line(figure, path)

    def line(self, figure: "Figure", path: list[tuple[float, float]]) -> None:
        from matplotlib.lines import Line2D

        x, y = zip(*path, strict=True)
        along, down = np.array(x) / WIDTH, 1 - np.array(y) / self.height
        figure.add_artist(Line2D(along, down, color=GREY, linewidth=0.6, solid_joinstyle="round"))

    def text(self, figure: "Figure", x: float, y: float, words: str, **look: Any) -> "Text":
        """`y` is the baseline."""
        return figure.text(x / WIDTH, 1 - y / self.height, words, parse_math=False, **look)

    def mark(self, axes: "Axes") -> None:
        """Sections as bands, and the frames' moments."""
        ends = [*self.story.turns[1:], self.span[1]]
        begins = [self.span[0], *self.story.turns[1:]]
        for begin, end in list(zip(begins, ends, strict=True))[0::2]:
            axes.axvspan(begin, end, color=BAND, zorder=0, linewidth=0)
        for frame in self.story.frames:
            axes.axvline(frame.time, color=GREY, linewidth=0.6, zorder=3, alpha=0.8)

    def draw_curves(self, axes: "Axes") -> None:
        story = self.story
        self.mark(axes)
        axes.axhline(0, color=FAINT, linewidth=0.6, zorder=1)
        for column, colour in ((0, VALENCE), (1, AROUSAL)):
            mood = story.moods[:, column]
            axes.fill_between(story.times, 0, mood, color=colour, alpha=0.10, linewidth=0, zorder=1)
            axes.plot(story.times, mood, color=colour, linewidth=1.1, zorder=4)
        for number, frame in enumerate(story.frames, 1):
            inside = axes.get_xaxis_transform()
            axes.text(
                frame.time, 0.965, f" {number}", transform=inside, size=SMALL, color=GREY, va="top", ha="left"
            )  # fmt: skip
        reach = max(1.2, float(np.abs(story.moods).max()) * 1.15)
        axes.set_ylim(-reach, reach * 1.12)
        axes.set_xlim(*self.span)
        for name, colour, down in (("valence", VALENCE, 0.43), ("arousal", AROUSAL, 0.60)):
            axes.text(
                -0.055, 1 - down, name, transform=axes.transAxes, size=TEXT + 1, color=colour, weight="bold",
                ha="right", va="center",
            )  # fmt: skip
        axes.text(
            -0.055,
            0.24,
            "z-scores",
            transform=axes.transAxes,
            size=SMALL,
            color=GREY,
            ha="right",
            va="center",
        )
        axes.tick_params(axis="y", labelsize=SMALL, length=2.5, width=0.6)
        ticks = time_ticks(self.story.times[-1])
        axes.set_xticks(ticks, [clock(tick) for tick in ticks], size=TEXT)
        axes.tick_params(axis="x", length=3, width=0.6, pad=2.5)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)

    def draw_heat(self, figure: "Figure", axes: "Axes") -> None:
        from matplotlib.colors import LinearSegmentedColormap, PowerNorm

        story = self.story
        count, top = len(story.names), max(0.2, float(story.classes.max()))
        image = axes.imshow(
            story.classes.T,
            cmap=LinearSegmentedColormap.from_list("paper", HEAT),
            norm=PowerNorm(0.6, 0.0, top),
            aspect="auto",
            interpolation="nearest",
            extent=(*self.span, count - 0.5, -0.5),
            zorder=2,
        )
        for frame in story.frames:
            axes.axvline(frame.time, color=GREY, linewidth=0.6, zorder=3, alpha=0.8)
        axes.set_xlim(*self.span)
        axes.set_xticks([])
        axes.set_yticks(np.arange(count), story.names, size=SMALL)
        axes.tick_params(axis="y", length=0, pad=3)
        axes.set_yticks(np.arange(1, count) - 0.5, minor=True)
        axes.grid(which="minor", axis="y", color=FAINT, linewidth=0.3, zorder=4)
        axes.tick_params(axis="y", which="minor", length=0)
        for side in axes.spines.values():
            side.set_linewidth(0.6)
        # The scale stands where the plots leave room, to the left of the time axis.
        left, wide, down = LEFT - 0.93, 0.62, self.heat - 0.115
        scale = figure.colorbar(
            image, cax=self.axes(figure, left, down, wide, 0.055), orientation="horizontal"
        )
        scale.set_ticks([])
        scale.outline.set_linewidth(0.4)
        for words, x, at in (("0", left - 0.05, "right"), (f"{top:.1f}", left + wide + 0.05, "left")):
            self.text(figure, x, down + 0.06, words, size=SCALE, color=GREY, ha=at)
        middle = left + wide / 2
        self.text(figure, middle, down - 0.045, "share of the dream", size=SCALE, color=GREY, ha="center")


def width_of(text: "Text") -> float:
    """Inches."""
    figure = text.get_figure(root=True)
    assert figure is not None
    return float(text.get_window_extent().width / figure.dpi)


def shorten(text: "Text", room: float) -> None:
    """Cut words that are wider than `room` inches."""
    while width_of(text) > room and len(text.get_text()) > 8:
        text.set_text(text.get_text()[:-2].rstrip() + "…")


def side_by_side(wanted: list[float], apart: float, low: float, high: float) -> list[float]:
    """Places as near to those that are wanted as they can be: ascending, `apart` from each other, from `low`
    to `high` if there is room. Least squares by pooling adjacent violators."""
    pools: list[tuple[float, int]] = []
    for place, want in enumerate(wanted):
        mean, count = want - place * apart, 1
        while pools and pools[-1][0] > mean:
            other, others = pools.pop()
            mean, count = (other * others + mean * count) / (others + count), others + count
        pools.append((mean, count))
    level = np.array([mean for mean, count in pools for _ in range(count)])
    level = np.clip(level, low, high - (len(wanted) - 1) * apart)
    return [float(value) for value in level + apart * np.arange(len(wanted))]


def clock(seconds: float) -> str:
    """`1:05`, or `1:02:05` from an hour on."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def time_ticks(last: float) -> list[float]:
    """Round times, five to ten of them."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
    step = next((step for step in steps if last / step <= 10), 7200)
    return [float(time) for time in np.arange(0, last + 1e-9, step)]
