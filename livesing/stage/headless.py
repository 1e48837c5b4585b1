"""A hidden buffer by EGL: the show on a machine without a display (Linux only)."""

import sys
import time

import moderngl
import numpy as np

from livesing.errors import SurfaceError
from livesing.stage.surface import Press, load_finish


class HeadlessSurface:
    """Draws into a framebuffer of its own, from which frames can be read."""

    kind = "headless (EGL)"
    refresh = 0.0

    def __init__(self, width: int, height: int) -> None:
        """Raises SurfaceError where there is no EGL."""
        if sys.platform != "linux":
            raise SurfaceError("headless rendering needs EGL, which is on Linux only; open a window instead")
        try:
            self.ctx = moderngl.create_context(standalone=True, backend="egl", require=330)  # type: ignore[arg-type]
        except Exception as error:  # glcontext raises bare Exceptions
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise SurfaceError(
                f"no headless OpenGL 3.3 here ({reason}); Debian, Ubuntu: apt install libegl1 libgl1-mesa-dri"
            ) from None
        self.target = self.ctx.framebuffer([self.ctx.texture((width, height), 4)])
        self._finish = load_finish()

    def poll(self) -> list[Press]:
        return []

    def wait(self, seconds: float) -> None:
        time.sleep(max(seconds, 0.0))

    def open(self) -> bool:
        return True

    def swap(self) -> None:
        self._finish()

    def read(self) -> np.ndarray:
        """The picture as presented -> [h, w, 3] uint8, first row on top."""
        self._finish()
        rows = np.frombuffer(self.target.read(components=3, alignment=1), np.uint8)
        return rows.reshape(self.target.height, self.target.width, 3)[::-1]

    def close(self) -> None:
        self.ctx.release()
