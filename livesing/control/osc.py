"""OSC: the show steered over UDP, and its state sent back.

    /livesing/<group>/<name> VALUE        a control by its own range (see livesing.params.TABLE)
    /livesing/<group>/<name>/unit VALUE   the same by 0..1 over its range, as faders send it
    /livesing/subscribe [PORT]            be sent the state; see livesing.control.state_out
    /livesing/unsubscribe [PORT]

VALUE is one number of any OSC type, or a bool; values outside a range are clamped. A trigger fires on a
message without argument, on T or I, or when a number rises through 0.5: a number that stays up does not
fire again until the same sender has sent one below, and a sender not heard before counts as below, so that
the first press of a button is never lost. A packet that cannot be read is refused as a whole; of the
messages in a bundle each is taken or refused for itself.
"""

import errno
import logging
import math
import selectors
import socket
import threading
from collections.abc import Callable, Sequence

from livesing.clock import now as clock_now
from livesing.control.osc_packet import MAX_PACKET, Message, OscError, decode
from livesing.control.osc_routes import (
    ROUTES,
    SUBSCRIBE,
    UNSUBSCRIBE,
    Address,
    RisingEdges,
    number,
    port_argument,
    setting,
)
from livesing.control.state_out import CHANGES_PERIOD, LEASE, State, StateOut, source_of
from livesing.errors import LivesingError, ParamError
from livesing.params import Params

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
PORT = 7770

IDLE_PERIOD = 0.1
"""Seconds between looks at whether to stop, while nobody sends and nobody listens."""
BREATH = 0.001
"""Seconds left to other threads after each batch, so that a flood is taken in gulps, not in sips."""
BATCH = 512
"""Messages (or unreadable packets) read before they are applied."""
REFUSALS_LOG_PERIOD = 1.0
RECEIVE_BUFFER = 1 << 20
"""Bytes asked of the system for packets that wait; it may grant less."""


class OscSocketError(LivesingError):
    """OSC cannot be had on that address, or an output names a host that is not known."""


class PortTakenError(OscSocketError):
    """Another program listens there."""


class _Batch:
    """What the packets read in one go amount to: the last value of each control, and every firing."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[float, Address]] = {}
        self.fired: list[tuple[str, Address]] = []
        self.hosts: set[str] = set()
        self.size = 0


class OscServer(threading.Thread):
    """The OSC thread: reads packets, sets Params, sends the state.

    Owner: whoever constructs it, which binds the port (PortTakenError, OscSocketError: one line for the user,
    and the show goes on without OSC), calls `start` once and `close` at the end. Everything but the
    counters, `close` and `port` belongs to the thread.

    Period: on arrival, then at most every millisecond; 50 Hz for changes and 10 Hz for the live state while
    anyone listens; 10 Hz for nothing but a look at whether to stop.

    What may block it: the wait for packets, at most IDLE_PERIOD; the lock of Params, for microseconds; and
    `state`, which it calls and which must therefore only copy figures out. Sockets never block it: what
    cannot be sent is dropped and counted. Under a flood the latest value of each control wins, nothing is
    queued beyond the system's own buffer, and what that cannot hold is lost.

    If it dies: it does not by itself: any error in a turn is logged and the next turn begins. Were it gone,
    the show would go on with the values it has; a new OscServer can be put on the port after `close`.

    host, port    where to listen; port 0 takes a free one (see `port`)
    outputs       fixed targets (host, port) of the state, which need not subscribe
    state         returns the live state by the words of state_out.STATE
    lease         seconds after which a subscriber that was not heard of is forgotten
    clock         seconds, monotonic
    """

    def __init__(
        self,
        params: Params,
        host: str = HOST,
        port: int = PORT,
        *,
        outputs: Sequence[tuple[str, int]] = (),
        state: State | None = None,
        lease: float = LEASE,
        clock: Callable[[], float] = clock_now,
    ) -> None:
        super().__init__(name="osc", daemon=True)
        self.received = 0
        """Packets read."""
        self.refused = 0
        """Packets and messages refused."""
        self.unsent = 0
        """Datagrams of state that the system did not take."""
        self.last_refusal = ""
        """Who sent it and why it was refused, for the HUD; empty while none was."""
        self._params = params
        self._state = state
        self._clock = clock
        self._outputs = tuple(_resolved(*output) for output in outputs)
        self._out = StateOut(params, self._outputs, lease)
        self._edges = RisingEdges()
        self._done = threading.Event()
        self._unlogged = 0
        self._refusal_logged = self._error_logged = -math.inf
        self._socket = _bound(host, port)
        self.host: str
        """The address it listens on, in numbers."""
        self.port: int
        """The port it listens on."""
        self.host, self.port = self._socket.getsockname()
        # A socket bound to the loopback device cannot send to other machines: fixed outputs have their own.
        self._output_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._output_socket.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)

    @property
    def listeners(self) -> tuple[Address, ...]:
        """Where state goes: the fixed outputs and the subscribers."""
        return self._out.listeners

    def run(self) -> None:
        try:
            while not self._done.is_set():
                try:
                    self._turn()
                except Exception:
                    self._log_error("OSC stumbled and goes on")
                    self._done.wait(IDLE_PERIOD)
        finally:
            self._release()

    def close(self) -> None:
        """Stop the thread and free the port, within a fraction of a second. May be called again."""
        self._done.set()
        if self.ident is None:
            self._release()
        else:
            self.join()

    def _release(self) -> None:
        self._selector.close()
        self._socket.close()
        self._output_socket.close()

    def _turn(self) -> None:
        ready = self._selector.select(CHANGES_PERIOD if self._out.listeners else IDLE_PERIOD)
        now = self._clock()
        drained = True
        if ready:
            batch = _Batch()
            drained = self._read(batch, now)
            self._apply(batch, now)
            for host in batch.hosts:
                self._out.heard(host, now)
        self._log_refusals(now)
        self._send(now)
        if ready and drained:
            self._done.wait(BREATH)

    def _read(self, batch: _Batch, now: float) -> bool:
        """Read what has arrived; whether that was all."""
        while batch.size < BATCH:
            try:
                packet, sender = self._socket.recvfrom(MAX_PACKET + 1)
            except BlockingIOError:
                return True
            except OSError as error:
                # Windows reports here that a subscriber has gone, or that a packet was too long.
                batch.size += 1
                self._refuse("UDP", error)
                continue
            self.received += 1
            try:
                messages = decode(packet)
            except OscError as error:
                batch.size += 1
                self._refuse(sender, error)
                continue
            batch.size += max(1, len(messages))
            batch.hosts.add(sender[0])
            for message in messages:
                try:
                    self._take(message, sender, batch, now)
                except (OscError, ParamError) as error:
                    self._refuse(sender, error)
        return False

    def _take(self, message: Message, sender: Address, batch: _Batch, now: float) -> None:
        """Note in the batch what a message asks for. Raises OscError or ParamError."""
        route = ROUTES.get(message.address)
        if route is None:
            self._take_subscription(message, sender, now)
        elif route.param.kind == "trigger":
            if self._fires(route.param.name, message, sender):
                batch.fired.append((route.param.name, sender))
        else:
            value = setting(route, message)
            batch.values[route.param.name] = value, sender

    def _take_subscription(self, message: Message, sender: Address, now: float) -> None:
        if message.address == SUBSCRIBE:
            port = port_argument(message)
            if (port or sender[1]) == self.port and sender[0] in (self.host, "127.0.0.1"):
                raise OscError(f"{SUBSCRIBE} names the show's own port")
            self._out.subscribe(sender, port, now)
        elif message.address == UNSUBSCRIBE:
            self._out.unsubscribe(sender, port_argument(message))
        else:
            raise OscError(f"there is no {message.address[:80]}")

    def _fires(self, name: str, message: Message, sender: Address) -> bool:
        if not message.args:
            return True
        value = number(message)
        if message.args[0] is True:
            return True
        return self._edges.rises(sender, name, value)

    def _apply(self, batch: _Batch, now: float) -> None:
        for name, (value, sender) in batch.values.items():
            # Some senders repeat every value at every frame: what changes nothing is no news for anyone.
            if self._params.target(name) != value:
                self._params.set(name, value, source_of(sender))
        for name, sender in batch.fired:
            self._params.fire(name, source_of(sender), now)

    def _send(self, now: float) -> None:
        for datagram, address in self._out.due(now, self._state and self._live_state):
            sender = self._output_socket if address in self._outputs else self._socket
            try:
                sender.sendto(datagram, address)
            except OSError:  # the listener has gone, the network is down, or the buffer is full
                self.unsent += 1

    def _live_state(self) -> dict[str, float | str]:
        assert self._state is not None
        try:
            return dict(self._state())
        except Exception:
            self._log_error("the live state cannot be told")
            return {}

    def _refuse(self, sender: Address | str, why: Exception) -> None:
        self.refused += 1
        self._unlogged += 1
        who = sender if isinstance(sender, str) else f"{sender[0]}:{sender[1]}"
        self.last_refusal = f"{who}: {why}"

    def _log_refusals(self, now: float) -> None:
        if self._unlogged and now - self._refusal_logged >= REFUSALS_LOG_PERIOD:
            more = f" (and {self._unlogged - 1} more)" if self._unlogged > 1 else ""
            log.warning("OSC refused %s%s", self.last_refusal, more)
            self._refusal_logged, self._unlogged = now, 0

    def _log_error(self, what: str) -> None:
        now = self._clock()
        if now - self._error_logged >= REFUSALS_LOG_PERIOD:
            self._error_logged = now
            log.exception(what)


def _bound(host: str, port: int) -> socket.socket:
    """A UDP socket that never blocks. Raises PortTakenError or OscSocketError with one line."""
    if not 0 <= port <= 65535:
        raise OscSocketError(f"cannot listen on port {port}: ports go from 0 to 65535")
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        bound.bind((host, port))
    except (OSError, ValueError, TypeError) as error:  # the last two: a name that no host can have
        bound.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise PortTakenError(f"port {port} on {host} is taken by another program") from None
        raise OscSocketError(f"cannot listen on {host}:{port}: {_reason(error)}") from None
    bound.setblocking(False)
    return bound


def _resolved(host: str, port: int) -> Address:
    if not 1 <= port <= 65535:
        raise OscSocketError(f"OSC output {host}:{port}: ports go from 1 to 65535")
    try:
        return socket.gethostbyname(host), port
    except (OSError, ValueError, TypeError) as error:
        raise OscSocketError(f"OSC output {host}:{port}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
