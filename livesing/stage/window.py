"""The window: glfw, a core 3.3 context, full screen on a monitor chosen by name.

When the show's monitor is unplugged, glfw leaves the window far outside and does not bring it back. So the
monitor callback only sets a flag, and the next `poll` finds the monitor by name again or falls back to a
window on what is left.
"""

import re
import time
from typing import Any

import glfw
import moderngl

from livesing.clock import now as clock_now
from livesing.errors import SurfaceError
from livesing.stage import monitors
from livesing.stage.surface import Press

TITLE = "livesing"
LOOK_PERIOD = 0.003
"""Seconds between two looks for events while there is time."""
KEYS: dict[int, str] = {
    glfw.KEY_ESCAPE: "escape",
    glfw.KEY_SPACE: "space",
    glfw.KEY_BACKSPACE: "backspace",
    glfw.KEY_LEFT: "left",
    glfw.KEY_RIGHT: "right",
    glfw.KEY_F1: "f1",
    **{getattr(glfw, f"KEY_{letter}"): letter.lower() for letter in "BFHMPRST"},
    **{getattr(glfw, f"KEY_{digit}"): str(digit) for digit in range(1, 10)},
    **{getattr(glfw, f"KEY_KP_{digit}"): str(digit) for digit in range(1, 10)},
}


def start_glfw() -> None:
    """Connect to the display. Raises SurfaceError when there is none."""
    glfw.ERROR_REPORTING = "exception"
    try:
        if not glfw.init():
            raise SurfaceError("there is no display to open a window on")
    except glfw.GLFWError as error:
        raise SurfaceError(f"there is no display to open a window on ({_reason(error)})") from None


class WindowSurface:
    """A window in which the show is drawn; everything here belongs to the main thread."""

    def __init__(
        self,
        width: int,
        height: int,
        *,
        monitor: str | None = None,
        windowed: bool = True,
        vsync: bool = True,
        title: str = TITLE,
    ) -> None:
        """Open at `width` x `height`, or full screen on `monitor` (the primary one if None).

        Raises SurfaceError for an unknown monitor, no display, or no OpenGL 3.3.
        """
        start_glfw()
        self._size = width, height
        chosen = monitors.choose(monitors.connected(), monitor) if monitor else None
        self._monitor_name = chosen.name if chosen else None
        for hint, value in (
            (glfw.CONTEXT_VERSION_MAJOR, 3),
            (glfw.CONTEXT_VERSION_MINOR, 3),
            (glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE),
            (glfw.OPENGL_FORWARD_COMPAT, True),  # macOS gives a core context only so
            (glfw.AUTO_ICONIFY, False),  # a projector must not go dark when another window is clicked
            (glfw.DOUBLEBUFFER, True),
            (glfw.DEPTH_BITS, 0),
        ):
            glfw.window_hint(hint, value)
        try:
            self._window: Any = glfw.create_window(width, height, title, None, None)
        except glfw.GLFWError as error:
            glfw.terminate()
            raise SurfaceError(f"no OpenGL 3.3 window can be opened here ({_reason(error)})") from None
        glfw.make_context_current(self._window)
        glfw.swap_interval(1 if vsync else 0)
        self._vsync = vsync
        self.ctx = moderngl.create_context(require=330)
        self.kind = f"window ({self.ctx.info['GL_RENDERER']})"
        self._pressed: list[Press] = []
        self._events_until = self._events_from = clock_now()
        """When events were last taken in, and when that began: an event that waits then came in between."""
        self._clicked: list[tuple[float, float]] = []
        self._monitors_changed = False
        self._fullscreen = False
        self._screen: moderngl.Framebuffer | None = None
        # Kept by the callback: asking the window system costs a round trip at every frame.
        self._pixels: tuple[int, int] = glfw.get_framebuffer_size(self._window)
        glfw.set_framebuffer_size_callback(self._window, self._on_resize)
        glfw.set_key_callback(self._window, self._on_key)
        glfw.set_mouse_button_callback(self._window, self._on_button)
        glfw.set_monitor_callback(self._on_monitor)
        if not windowed or chosen:
            self._go_fullscreen(chosen)

    @property
    def target(self) -> moderngl.Framebuffer:
        if self._screen is None or self._screen.size != self._pixels:
            # moderngl reads the default framebuffer's size from the viewport.
            self.ctx.screen.use()
            self.ctx.viewport = (0, 0, *self._pixels)
            self._screen = self.ctx.detect_framebuffer(0)
            self._screen.viewport = (0, 0, *self._pixels)
        return self._screen

    @property
    def refresh(self) -> float:
        if not self._vsync:
            return 0.0
        monitor = self._present_monitor()
        return monitor.refresh if monitor else 0.0

    @property
    def monitor(self) -> str:
        """Name of the monitor that the show is on."""
        monitor = self._present_monitor()
        return monitor.name if monitor else "none"

    def poll(self) -> list[Press]:
        self._take_events()
        if self._monitors_changed:
            self._monitors_changed = False
            self._monitors_moved()
        pressed, self._pressed = self._pressed, []
        return pressed

    def wait(self, seconds: float) -> None:
        end = clock_now() + seconds
        while True:
            self._take_events()
            left = end - clock_now()
            if left <= 0:
                return
            time.sleep(min(left, LOOK_PERIOD))

    def _take_events(self) -> None:
        self._events_from = clock_now()
        glfw.poll_events()
        self._events_until = clock_now()

    def clicks(self) -> list[tuple[float, float]]:
        """Where the left button was pressed since the last call: x, y in the target's pixels from the top
        left."""
        clicked, self._clicked = self._clicked, []
        return clicked

    @property
    def pointer(self) -> tuple[float, float]:
        """Where the mouse is, in the same pixels; it may be outside."""
        x, y = glfw.get_cursor_pos(self._window)
        width, height = glfw.get_window_size(self._window)
        return x * self._pixels[0] / max(width, 1), y * self._pixels[1] / max(height, 1)

    def open(self) -> bool:
        return not glfw.window_should_close(self._window)

    def swap(self) -> None:
        glfw.swap_buffers(self._window)

    def close(self) -> None:
        glfw.destroy_window(self._window)
        glfw.terminate()

    def toggle_fullscreen(self) -> None:
        """Between full screen and a window."""
        if self._fullscreen:
            self._go_windowed()
        else:
            self._go_fullscreen(self._present_monitor())

    def next_monitor(self) -> None:
        """Full screen on the next monitor."""
        self._go_fullscreen(monitors.following(monitors.connected(), self.monitor))

    def _go_fullscreen(self, monitor: monitors.Monitor | None) -> None:
        monitor = monitor or next(iter(monitors.connected()), None)
        if monitor is None:
            return
        self._monitor_name = monitor.name
        refresh = round(monitor.refresh) or glfw.DONT_CARE
        glfw.set_window_monitor(self._window, monitor.handle, 0, 0, monitor.width, monitor.height, refresh)
        glfw.set_input_mode(self._window, glfw.CURSOR, glfw.CURSOR_HIDDEN)
        glfw.swap_interval(1 if self._vsync else 0)  # some drivers forget it when the mode changes
        self._fullscreen = True

    def _go_windowed(self) -> None:
        place = self._present_monitor() or next(iter(monitors.connected()), None)
        x, y = (place.x, place.y) if place else (0, 0)
        width, height = self._size
        glfw.set_window_monitor(
            self._window,
            None,  # type: ignore[arg-type]
            x + 40,
            y + 60,
            width,
            height,
            glfw.DONT_CARE,
        )
        glfw.set_input_mode(self._window, glfw.CURSOR, glfw.CURSOR_NORMAL)
        self._fullscreen = False

    def _monitors_moved(self) -> None:
        if not self._fullscreen:
            return
        there = [monitor for monitor in monitors.connected() if monitor.name == self._monitor_name]
        if there:
            self._go_fullscreen(there[0])
        else:
            wanted = self._monitor_name
            self._go_windowed()
            self._monitor_name, self._fullscreen = wanted, True  # so that it returns when plugged in again

    def _present_monitor(self) -> monitors.Monitor | None:
        """The monitor that holds the middle of the window."""
        there = monitors.connected()
        x, y = glfw.get_window_pos(self._window)
        width, height = glfw.get_window_size(self._window)
        x, y = x + width // 2, y + height // 2
        for monitor in there:
            if 0 <= x - monitor.x < monitor.width and 0 <= y - monitor.y < monitor.height:
                return monitor
        return there[0] if there else None

    def _on_key(self, _window: Any, key: int, _code: int, action: int, _mods: int) -> None:
        if action == glfw.PRESS and key in KEYS:
            # glfw does not tell when: somewhere between the last look and this one.
            self._pressed.append(Press(KEYS[key], (self._events_until + self._events_from) / 2))

    def _on_button(self, _window: Any, button: int, action: int, _mods: int) -> None:
        if button == glfw.MOUSE_BUTTON_LEFT and action == glfw.PRESS:
            self._clicked.append(self.pointer)

    def _on_resize(self, _window: Any, width: int, height: int) -> None:
        if width > 0 and height > 0:  # an iconified window has no size; it keeps the one it had
            self._pixels = width, height

    def _on_monitor(self, _monitor: Any, _event: int) -> None:
        self._monitors_changed = True


def has_display() -> bool:
    """Whether a window could be opened, without opening one."""
    try:
        start_glfw()
    except SurfaceError:
        return False
    glfw.terminate()
    return True


def _reason(error: Exception) -> str:
    """glfw's words without its number: "(65550) b'X11: ...'" is "X11: ..."."""
    found = re.fullmatch(r"\(\d+\) b?['\"](.*)['\"]", str(error).strip())
    return found[1] if found else str(error)
