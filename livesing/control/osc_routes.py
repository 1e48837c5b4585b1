"""Routes: which OSC address steers what, and what a message to it means."""

from typing import NamedTuple

from livesing.control.osc_packet import Message, OscError
from livesing.params import TABLE, Param, check

PREFIX = "/livesing/"

Address = tuple[str, int]
"""Of a sender or a listener: IPv4 host in numbers, UDP port."""


class Route(NamedTuple):
    """What an address steers."""

    param: Param
    unit: bool
    """Whether its values are 0..1 over the parameter's range."""


def address_of(param: Param) -> str:
    """`group.name` -> `/livesing/group/name`."""
    return PREFIX + param.name.replace(".", "/")


ROUTES: dict[str, Route] = {
    address_of(param) + ending: Route(param, unit)
    for param in TABLE
    for ending, unit in (("", False), ("/unit", True))
}
SUBSCRIBE = PREFIX + "subscribe"
UNSUBSCRIBE = PREFIX + "unsubscribe"


def number(message: Message) -> float:
    """The one number of a message; bools count as 0 and 1. Raises OscError for anything else."""
    if len(message.args) != 1:
        raise OscError(f"{message.address} takes one number, not {len(message.args)} arguments")
    value = message.args[0]
    if value is None or isinstance(value, str):
        raise OscError(f"{message.address} takes a number, not {'nil' if value is None else 'a string'}")
    return float(value)


def setting(route: Route, message: Message) -> float:
    """The value that a message sets, clamped and rounded as the parameter takes it. Raises OscError."""
    value = number(message)
    if route.unit:
        low, high = route.param.low, route.param.high
        value = low + (high - low) * min(max(value, 0.0), 1.0)
    return check(route.param, value)


def port_argument(message: Message) -> int | None:
    """The port that a subscription names, or None. Raises OscError for anything but a port."""
    if not message.args:
        return None
    port = number(message)
    if not (1 <= port <= 65535 and port.is_integer()):
        raise OscError(f"{message.address} takes a port from 1 to 65535")
    return int(port)


class RisingEdges:
    """Remembers which triggers each sender holds up; of more than `room` it forgets the oldest."""

    def __init__(self, room: int = 256) -> None:
        self._room = room
        self._up: dict[tuple[Address, str], None] = {}

    def rises(self, sender: Address, name: str, value: float) -> bool:
        """Whether `value` is the sender's first at or above 0.5 since one below."""
        key = (sender, name)
        was_up = key in self._up
        self._up.pop(key, None)
        if value < 0.5:
            return False
        self._up[key] = None  # put back as the newest
        if len(self._up) > self._room:
            del self._up[next(iter(self._up))]
        return not was_up
