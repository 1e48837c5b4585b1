"""Monitors by name, and where to be when one comes or goes."""

from typing import Any, NamedTuple

import glfw

from livesing.errors import SurfaceError


class Monitor(NamedTuple):
    """A connected monitor; `handle` is glfw's and valid until it is unplugged."""

    name: str
    x: int
    y: int
    width: int
    height: int
    refresh: float
    """Hz; 0 where the system does not say."""
    handle: Any


def connected() -> list[Monitor]:
    """The monitors there are now, the primary one first; those without a mode are left out."""
    found: list[Monitor] = []
    for handle in glfw.get_monitors():
        try:
            mode = glfw.get_video_mode(handle)
            x, y = glfw.get_monitor_pos(handle)
            name = glfw.get_monitor_name(handle)
        except (ValueError, glfw.GLFWError):
            continue  # unplugged this very moment
        if mode is None:
            continue
        label = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
        twins = sum(monitor.name.split(" #")[0] == label for monitor in found)
        label = f"{label} #{twins + 1}" if twins else label  # two projectors of one make
        found.append(
            Monitor(label, x, y, mode.size.width, mode.size.height, float(mode.refresh_rate), handle)
        )
    return found


def choose(monitors: list[Monitor], name: str) -> Monitor:
    """The monitor whose name is or contains `name`, or whose number from 1 it is.

    Raises SurfaceError naming the monitors there are.
    """
    wanted = name.lower()
    for monitor in monitors:
        if monitor.name.lower() == wanted:
            return monitor
    for number, monitor in enumerate(monitors, 1):
        if wanted in monitor.name.lower() or wanted == str(number):
            return monitor
    known = "; ".join(monitor.name for monitor in monitors) or "none"
    raise SurfaceError(f"there is no monitor {name!r}; there are: {known}")


def following(monitors: list[Monitor], name: str | None) -> Monitor | None:
    """The monitor after the one called `name`, round and round; the first when it is gone; None of none."""
    if not monitors:
        return None
    names = [monitor.name for monitor in monitors]
    place = names.index(name) + 1 if name in names else 0
    return monitors[place % len(monitors)]
