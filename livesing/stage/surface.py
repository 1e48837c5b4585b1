"""What the show draws on: a window, or a hidden buffer on a machine without a display."""

import ctypes
import ctypes.util
import sys
from collections.abc import Callable
from typing import NamedTuple, Protocol

import moderngl


class Press(NamedTuple):
    """A key that was pressed."""

    key: str
    time: float
    """Clock time of the press, s: within a few ms, as far as the frames leave time to look."""


class Surface(Protocol):
    """A place for pictures, with an OpenGL 3.3 core context; owned by the main thread."""

    ctx: moderngl.Context
    kind: str
    """What it is, for the HUD and the report."""

    @property
    def target(self) -> moderngl.Framebuffer:
        """The framebuffer to draw the next frame into."""
        ...

    @property
    def refresh(self) -> float:
        """Frames per second that the display takes with swaps that wait for it; 0 where swaps do not wait."""
        ...

    def poll(self) -> list[Press]:
        """The keys pressed since the last call, in order."""
        ...

    def wait(self, seconds: float) -> None:
        """Sleep for `seconds`, and meanwhile take note of when keys are pressed."""
        ...

    def open(self) -> bool:
        """False once the user has closed it."""
        ...

    def swap(self) -> None:
        """Present what was drawn."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...


def load_finish() -> Callable[[], None]:
    """`glFinish` that releases Python's lock while it waits; moderngl's own keeps it for the whole frame.

    Where the GL library cannot be found this way, the function does nothing: the read-back that follows
    waits by itself.
    """
    names = {"linux": ("libGL.so.1", "libOpenGL.so.0"), "win32": ("opengl32",)}.get(sys.platform, ())
    if sys.platform == "darwin":
        names = ("/System/Library/Frameworks/OpenGL.framework/OpenGL",)
    for name in names:
        try:
            library = ctypes.CDLL(name)
            finish = library.glFinish
        except (OSError, AttributeError):
            continue
        finish.restype, finish.argtypes = None, []
        return lambda: finish() and None
    return lambda: None
