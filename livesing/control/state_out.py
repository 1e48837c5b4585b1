"""State out: who is told what over OSC, and who is not told because they said it themselves.

A client asks with `/livesing/subscribe [port]` and ends it with `/livesing/unsubscribe [port]`; without a
port, state goes to where the question came from. At most MAX_SUBSCRIBERS clients at a time, each for the
length of a lease that any proper packet from its host renews, as does asking again. Fixed outputs are
given when the show starts; they need not ask and never expire, and may ask to be sent the table anew.

What is sent, one message a datagram:

    /livesing/<group>/<name> VALUE     every control on subscribing, then each change of a target: float32,
                                       or int32 for ints and bools (0, 1). Triggers: 0 on subscribing, and
                                       1 then 0 when fired, so that a button on a screen lights and goes out.
    /livesing/state/<word> VALUE       ten times a second: see STATE.

Echo: a change made by OSC from host:port is not sent back to whoever made it. Clients often speak from one
port and listen on another, so a speaker is known by the port that it listens on or the one from which it
subscribed: subscriptions of the same host for which one of these is the speaker's port are its own, and
only they are left out. When there is none, any listener of that host could be the speaker's, and all of the
host's are left out. So clients on one computer hear of each other if each speaks from the socket that it
subscribed with or listens on, and nobody hears their own voice either way.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pythonosc.osc_message_builder import OscMessageBuilder

from livesing.control.osc_packet import OscError
from livesing.control.osc_routes import PREFIX, Address, address_of
from livesing.params import TABLE, Change, Param, Params

State = Callable[[], Mapping[str, float | str]]
"""Tells the live state at the moment, by the words of STATE."""

MAX_SUBSCRIBERS = 8
LEASE = 60.0
"""Seconds."""
CHANGES_PERIOD = 1 / 50
"""Seconds: changes of faster faders are told by their newest value."""
STATE_PERIOD = 1 / 10

STATE: dict[str, str] = {
    "valence": "Valence of the music, in standard units",
    "arousal": "Arousal of the music, in standard units",
    "level": "Loudness, 0 to 1",
    "bass": "Loudness of 30-150 Hz, 0 to 1",
    "mid": "Loudness of 250-2000 Hz, 0 to 1",
    "treble": "Loudness of 2-16 kHz, 0 to 1",
    "hit": "Jumps to a hit's strength, 0 to 1, and falls by half in 140 ms",
    "bass_hit": "The same of the bass",
    "mid_hit": "The same of the mids",
    "treble_hit": "The same of the treble",
    "hits": "Hits heard so far: act on its steps, none is lost between two messages",
    "bass_hits": "Hits of the bass so far (kick, bass notes)",
    "mid_hits": "Hits of the mids so far (snare, chords)",
    "treble_hits": "Hits of the treble so far (hi-hat)",
    "all_time": "A clock that runs as fast as the music is loud, in seconds: drive motion with it",
    "bass_time": "The same by the bass",
    "mid_time": "The same by the mids",
    "treble_time": "The same by the treble",
    "all_presence": "Whether there has been sound over the last seconds, 0 to 1",
    "bass_presence": "Whether the bass has been there, 0 to 1",
    "mid_presence": "The same of the mids",
    "treble_presence": "The same of the treble",
    "onset_rate": "Notes a second",
    "bpm": "Tempo in beats per minute, 0 while unknown",
    "beat_phase": "Place within the beat, 0 to 1",
    "next_beat_s": "Seconds until the next beat, 0 while the tempo is unknown",
    "beat_confidence": "How far the beat can be trusted, 0 to 1",
    "bar_phase": "Place within the bar, 0 to 1",
    "bar_confidence": "How far the bar can be trusted, 0 to 1",
    "beat_source": "Who leads the beat: tracker, tap, midi or link",
    "fps": "Frames shown a second",
    "generator_fps": "Frames dreamt a second",
    "preset": "Name of the look",
}
"""The words of the live state in the order they are sent, and what each says."""

_LARGEST_FLOAT32 = 3.4028234e38


def source_of(sender: Address) -> str:
    """The name under which a sender's settings enter Params: `osc:HOST:PORT`."""
    return f"osc:{sender[0]}:{sender[1]}"


def sender_of(source: str) -> Address | None:
    """The reverse of `source_of`; None for settings that did not come by OSC."""
    kind, _, address = source.partition(":")
    host, _, port = address.rpartition(":")
    return (host, int(port)) if kind == "osc" and port.isdecimal() else None


@dataclass(slots=True)
class _Subscriber:
    address: Address
    asked_from: int | None = None
    """The port that asked; None for a fixed output that never did."""
    expires: float = math.inf
    greeted: bool = False
    """Whether it was sent the table."""


class StateOut:
    """Decides what is to be sent; knows no socket and no clock. Owned by one thread.

    `outputs` are the fixed targets, `lease` the seconds after which a silent subscriber is forgotten.
    """

    def __init__(self, params: Params, outputs: Sequence[Address] = (), lease: float = LEASE) -> None:
        self._params = params
        self._lease = lease
        self._subscribers = {address: _Subscriber(address) for address in outputs}
        self._revision = 0
        self._next_changes = -math.inf
        self._next_state = -math.inf

    @property
    def listeners(self) -> tuple[Address, ...]:
        """Where state goes: fixed outputs first, then subscribers, oldest first."""
        return tuple(self._subscribers)

    def subscribe(self, sender: Address, port: int | None, now: float) -> None:
        """Send state to `port` (None: the sender's own) of the sender's host; the table comes first.

        Raises OscError when there are MAX_SUBSCRIBERS already.
        """
        self._expire(now)
        address = (sender[0], sender[1] if port is None else port)
        subscriber = self._subscribers.get(address)
        if subscriber is None:
            if sum(math.isfinite(each.expires) for each in self._subscribers.values()) >= MAX_SUBSCRIBERS:
                raise OscError(f"there are {MAX_SUBSCRIBERS} subscribers already")
            subscriber = self._subscribers[address] = _Subscriber(address, expires=now + self._lease)
        subscriber.asked_from = sender[1]
        subscriber.greeted = False
        self.heard(sender[0], now)

    def unsubscribe(self, sender: Address, port: int | None) -> None:
        """End what `subscribe` with the same words began; fixed outputs stay."""
        for (host, listens), subscriber in list(self._subscribers.items()):
            named = listens == port if port is not None else sender[1] in (listens, subscriber.asked_from)
            if host == sender[0] and named and math.isfinite(subscriber.expires):
                del self._subscribers[host, listens]

    def heard(self, host: str, now: float) -> None:
        """Renew the leases of a host."""
        for subscriber in self._subscribers.values():
            if subscriber.address[0] == host and math.isfinite(subscriber.expires):
                subscriber.expires = now + self._lease

    def due(self, now: float, state: State | None) -> list[tuple[bytes, Address]]:
        """The datagrams to be sent at `now`, in order; mostly none. `state` is asked at STATE_PERIOD only."""
        self._expire(now)
        if not self._subscribers:
            return []
        datagrams: list[tuple[bytes, Address]] = []
        if now >= self._next_changes:
            self._next_changes = now + CHANGES_PERIOD
            datagrams += self._changes()
        if now >= self._next_state and state is not None:
            self._next_state = now + STATE_PERIOD
            live = state()
            encoded = [_state(word, live[word]) for word in STATE if word in live]
            datagrams += [
                (datagram, address) for address in self._subscribers for datagram in encoded if datagram
            ]
        return datagrams

    def _changes(self) -> list[tuple[bytes, Address]]:
        # Asked before the table is read: a change in between is told twice rather than lost.
        changes = self._params.changes(self._revision)
        if changes:
            self._revision = changes[-1].revision
        newcomers = {each.address for each in self._subscribers.values() if not each.greeted}
        datagrams: list[tuple[bytes, Address]] = []
        if newcomers:
            table = [encode(address_of(param), self._standing(param)) for param in TABLE]
            datagrams += [(datagram, address) for address in newcomers for datagram in table]
            for address in newcomers:
                self._subscribers[address].greeted = True
        for change in changes:
            told = self._subscribers.keys() - newcomers - self._authors(change)
            encoded = [encode(address, value) for address, value in _change(change)] if told else []
            datagrams += [(datagram, address) for address in told for datagram in encoded]
        return datagrams

    def _standing(self, param: Param) -> float | int:
        return 0 if param.kind == "trigger" else _typed(param, self._params.target(param.name))

    def _authors(self, change: Change) -> set[Address]:
        """The listeners that must not be told of a change, by the rule in the module's docstring."""
        sender = sender_of(change.source)
        if sender is None:
            return set()
        host, port = sender
        neighbours = {each.address: each for each in self._subscribers.values() if each.address[0] == host}
        own = {address for address, each in neighbours.items() if port in (address[1], each.asked_from)}
        return own or set(neighbours)

    def _expire(self, now: float) -> None:
        for address in [each.address for each in self._subscribers.values() if each.expires <= now]:
            del self._subscribers[address]


_PARAMS = {param.name: param for param in TABLE}


def _typed(param: Param, value: float) -> float | int:
    return value if param.kind == "float" else int(value)


def _change(change: Change) -> list[tuple[str, float | int]]:
    param = _PARAMS[change.name]
    address = address_of(param)
    if param.kind == "trigger":
        return [(address, 1), (address, 0)]
    return [(address, _typed(param, change.value))]


def _state(word: str, value: float | str) -> bytes | None:
    """A word of the live state; None for a number that float32 has not, rather than a lie."""
    if not isinstance(value, (str, int)):
        value = float(value)  # numpy's float32 is no float
        if not abs(value) <= _LARGEST_FLOAT32:
            return None
    return encode(f"{PREFIX}state/{word}", value)


def encode(address: str, value: float | int | str) -> bytes:
    """A message of one argument: float as `f`, int as `i` (`h` beyond 32 bits), str as `s`."""
    builder = OscMessageBuilder(address)
    builder.add_arg(value)
    return bytes(builder.build().dgram)
