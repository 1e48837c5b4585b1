"""The OSC server over real UDP sockets: steering, sending the state back, and staying alive."""

import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from livesing.audio.pulse import Pulse
from livesing.clock import now
from livesing.control.osc import BATCH, OscServer, OscSocketError, PortTakenError
from livesing.control.osc_routes import ROUTES, RisingEdges, address_of
from livesing.control.state_out import MAX_SUBSCRIBERS, STATE, sender_of, source_of
from livesing.errors import LivesingError
from livesing.params import INDEX, TABLE, Param, Params, check

VALUED = [param for param in TABLE if param.kind != "trigger"]
TRIGGERS = [param for param in TABLE if param.kind == "trigger"]
NEXT = "show.next"
BRIGHTNESS = "/livesing/light/brightness"


def packet(address: str, *values: object, tags: str = "") -> bytes:
    builder = OscMessageBuilder(address)
    for place, value in enumerate(values):
        builder.add_arg(value, tags[place] if tags else None)  # type: ignore[arg-type]
    return builder.build().dgram


def until(condition: Callable[[], object], seconds: float = 5.0) -> bool:
    """Whether the condition comes true; waits no longer than it takes."""
    end = now() + seconds
    while not condition():
        if now() > end:
            return False
        time.sleep(0.002)
    return True


class Client:
    """A socket of its own that speaks to a server and keeps what it hears."""

    def __init__(self, server: OscServer, host: str = "127.0.0.1") -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)
        self.address: tuple[str, int] = self.socket.getsockname()
        self.source = source_of(self.address)
        self.heard: list[tuple[str, object]] = []
        self._server = (server.host, server.port)

    def send(self, address: str, *values: object, tags: str = "") -> None:
        self.raw(packet(address, *values, tags=tags))

    def raw(self, data: bytes) -> None:
        self.socket.sendto(data, self._server)

    def hear(self) -> list[tuple[str, object]]:
        """All that was heard since the last `forget`, as (address, its one argument)."""
        while True:
            try:
                message = OscMessage(self.socket.recv(65535))
            except BlockingIOError:
                return self.heard
            (value,) = message.params
            self.heard.append((message.address, value))

    def hears(self, address: str, value: object | None = None) -> bool:
        """Whether that arrives."""
        return until(lambda: any(a == address and value in (None, v) for a, v in self.hear()))

    def changes(self) -> list[tuple[str, object]]:
        return [each for each in self.hear() if not each[0].startswith("/livesing/state/")]

    def forget(self) -> None:
        self.hear()
        self.heard.clear()


class Stage:
    """A running server with its table, clients, and a clock that can be put forward."""

    def __init__(self, **options: object) -> None:
        self.params = Params()
        self.ahead = 0.0
        self._sockets: list[socket.socket] = []
        options.setdefault("clock", lambda: now() + self.ahead)
        self.server = OscServer(self.params, port=0, **options)  # type: ignore[arg-type]
        self.server.start()

    def client(self, host: str = "127.0.0.1") -> Client:
        client = Client(self.server, host)
        self._sockets.append(client.socket)
        return client

    def subscriber(self, host: str = "127.0.0.1") -> Client:
        """A client that has subscribed and been sent the table."""
        client = self.client(host)
        client.send("/livesing/subscribe")
        assert until(lambda: len(client.changes()) == len(TABLE))
        client.forget()
        return client

    def settle(self) -> None:
        """Wait until all that was sent before is applied and told: a mark travels the same way."""
        mark = self.client("127.0.0.250")
        mark.send("/livesing/subscribe")
        assert mark.hears(address_of(TABLE[-1]))
        mark.send("/livesing/unsubscribe")
        assert until(lambda: mark.address not in self.server.listeners)

    def fired(self, name: str = NEXT) -> int:
        self.settle()
        return int(self.params.target(name))

    def close(self) -> None:
        self.server.close()
        for each in self._sockets:
            each.close()


@contextmanager
def staged(**options: object) -> Iterator[Stage]:
    stage = Stage(**options)
    try:
        yield stage
    finally:
        stage.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as running:
        yield running


@pytest.fixture(scope="module")
def shared() -> Iterator[Stage]:
    """One server for the tests that only set values."""
    with staged() as running:
        yield running


# What steers


@pytest.mark.parametrize("param", VALUED, ids=lambda param: param.name)
def test_every_parameter_is_set_by_its_address(shared: Stage, param: Param) -> None:
    client, address = shared.client(), address_of(param)

    def takes(expected: float, *values: object, tags: str) -> None:
        client.send(address, *values, tags=tags)
        expected = check(param, expected)
        assert until(lambda: shared.params.target(param.name) == pytest.approx(expected, abs=1e-6)), tags

    middle = param.low + 0.375 * (param.high - param.low)
    takes(param.high, param.high, tags="f")
    takes(middle, middle, tags="d")
    takes(1.0, 1, tags="i")
    takes(0.0, 0, tags="h")
    takes(1.0, True, tags="T")
    takes(0.0, False, tags="F")
    takes(param.high, param.high + 7.0, tags="f")
    takes(param.low, param.low - 7.0, tags="f")
    change = next(c for c in shared.params.changes(0) if c.name == param.name)
    assert change.source == client.source


@pytest.mark.parametrize("param", VALUED, ids=lambda param: param.name)
def test_every_parameter_is_set_by_unit(shared: Stage, param: Param) -> None:
    client = shared.client()
    for unit in (1.0, 0.25, 0.0, 9.5, -3.0, 1, False):
        client.send(address_of(param) + "/unit", unit)
        expected = check(param, param.low + min(max(unit, 0), 1) * (param.high - param.low))
        assert until(lambda: shared.params.target(param.name) == expected), unit  # noqa: B023


@pytest.mark.parametrize("param", TRIGGERS, ids=lambda param: param.name)
def test_every_trigger_fires(shared: Stage, param: Param) -> None:
    client = shared.client()
    before = shared.fired(param.name)
    client.send(address_of(param))
    client.send(address_of(param), True)
    client.raw(address_of(param).encode().ljust(len(address_of(param)) // 4 * 4 + 4, b"\0") + b",I\0\0")
    client.send(address_of(param) + "/unit", 1.0)
    assert shared.fired(param.name) == before + 4


def test_every_parameter_has_its_two_addresses_and_nothing_else_has_one() -> None:
    assert len(ROUTES) == 2 * len(TABLE)
    assert {route.param.name for route in ROUTES.values()} == set(INDEX)


@pytest.mark.parametrize(
    "message",
    [
        packet(BRIGHTNESS),
        packet(BRIGHTNESS, 0.5, 0.6),
        packet(BRIGHTNESS, "0.5"),
        packet(BRIGHTNESS, None),
        packet(BRIGHTNESS, b"0.5"),
        packet(BRIGHTNESS, float("nan")),
        packet(BRIGHTNESS, float("inf")),
        packet(BRIGHTNESS.upper(), 0.5),
        packet(BRIGHTNESS + "/", 0.5),
        packet(BRIGHTNESS + "/units", 0.5),
        packet("/livesing/light/*", 0.5),
        packet("/livesing/light.brightness", 0.5),
        packet("/livesing/" + "x" * 5000, 0.5),
        packet("/livesing/show/next", 1.0, 1.0),
        packet("/livesing/show/next", "now"),
        packet("/livesing/show/next", None),
        packet("/livesing/subscribe", 0),
        packet("/livesing/subscribe", 65536),
        packet("/livesing/subscribe", 9000.5),
        packet("/livesing/subscribe", "9000"),
        packet("/livesing/subscribe", 9000, 9001),
        b"",
        b"\xff" * 60000,
    ],
    ids=lambda message: message[:40].decode("latin-1").replace("\0", "."),
)
def test_what_makes_no_sense_is_refused_and_nothing_changes(stage: Stage, message: bytes) -> None:
    client = stage.client()
    client.raw(message)
    assert until(lambda: stage.server.refused == 1)
    assert stage.server.received == 1
    assert stage.server.last_refusal.startswith(f"127.0.0.1:{client.address[1]}: ")
    assert len(stage.server.last_refusal) < 200
    assert stage.server.last_refusal.isprintable()
    assert stage.params.changes(0) == []
    assert stage.server.listeners == ()


def test_in_a_bundle_each_message_is_taken_or_refused_for_itself(stage: Stage) -> None:
    elements = [packet(BRIGHTNESS, 0.5), packet("/nowhere", 1.0), packet("/livesing/light/bloom", 1.0)]
    bundle = b"#bundle\0" + b"\xff" * 8 + b"".join(len(e).to_bytes(4, "big") + e for e in elements)
    stage.client().raw(bundle)
    assert until(lambda: stage.params.target("light.bloom") == 1.0)
    assert stage.params.target("light.brightness") == 0.5
    assert (stage.server.received, stage.server.refused) == (1, 1)


def test_a_number_fires_a_trigger_when_it_rises(stage: Stage) -> None:
    client = stage.client()
    steps = [0.0, 0.49, 0.5, 0.7, 1.0, 1.0, 0.5, 0.49, 1.0, 0.0, 0.0, 0.6]
    for value in steps:
        client.send("/livesing/show/next", value)
    assert stage.fired() == 3
    for value in (0, 1, 1, 0, 1):
        client.send("/livesing/show/next", value)
    assert stage.fired() == 5


def test_a_firing_has_the_time_at_which_it_came(stage: Stage) -> None:
    client, sent = stage.client(), []
    for number in range(5):
        before = now()
        client.send("/livesing/beat/tap")
        assert until(lambda count=number: stage.fired("beat.tap") == count + 1)  # type: ignore[misc]
        sent.append((before, now()))
    count, times = stage.params.firings("beat.tap", 0)
    assert count == 5
    assert all(before <= time <= after for time, (before, after) in zip(times, sent, strict=True))


def test_a_first_press_fires_and_holding_it_does_not(stage: Stage) -> None:
    client = stage.client()
    for _ in range(50):
        client.send("/livesing/show/next", 1.0)
    assert stage.fired() == 1


def test_each_sender_and_each_trigger_has_its_own_edge(stage: Stage) -> None:
    first, second = stage.client(), stage.client()
    for _ in range(3):
        first.send("/livesing/show/next", 1.0)
        second.send("/livesing/show/next", 1.0)
        second.send("/livesing/show/previous", 1.0)
    assert stage.fired(NEXT) == 2
    assert stage.fired("show.previous") == 1


def test_edges_of_many_senders_take_bounded_room() -> None:
    edges = RisingEdges(room=10)
    assert all(edges.rises(("10.0.0.1", port), NEXT, 1.0) for port in range(1000))
    assert len(edges._up) == 10
    assert not edges.rises(("10.0.0.1", 999), NEXT, 1.0)


def test_a_value_that_is_there_already_is_no_change(stage: Stage) -> None:
    client = stage.client()
    for count in range(1, 5):  # one by one, so that each is a batch of its own
        client.send(BRIGHTNESS, 0.5)
        assert until(lambda: stage.server.received == count)  # noqa: B023
    stage.settle()
    assert [change.revision for change in stage.params.changes(0)] == [1]


# Staying alive

# Twenty thousand a second at most: a sender that was held up does not catch up in one burst.
FLOOD = """
import socket, struct, sys, time
port, count = map(int, sys.argv[1:])
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
head = b"/livesing/light/brightness\\0\\0,f\\0\\0"
for k in range(1, count + 1):
    out.sendto(head + struct.pack(">f", 1.75 * k / count), ("127.0.0.1", port))
    if k % 100 == 0:
        time.sleep(0.004)
"""


def flood(server: OscServer, count: int = 20_000) -> subprocess.Popen[bytes]:
    """Another program that sends so many packets, of rising brightness up to 1.75."""
    return subprocess.Popen([sys.executable, "-c", FLOOD, str(server.port), str(count)])


def test_after_a_flood_the_last_value_stands(stage: Stage) -> None:
    with flood(stage.server) as sender:
        assert sender.wait(30) == 0
    assert until(lambda: stage.params.target("light.brightness") == 1.75)
    assert stage.server.received > 10_000
    # Latest wins: what came in one gulp was set once.
    assert stage.params.changes(0)[-1].revision < stage.server.received
    assert stage.server.refused == 0


def test_a_flood_leaves_the_process_room_to_work(stage: Stage) -> None:
    def work(done: Callable[[], bool]) -> float:
        """Rounds of pure Python, which needs the interpreter's lock, for each second."""
        begin, rounds = now(), 0
        while not done():
            sum(range(500))
            rounds += 1
        return rounds / (now() - begin)

    def for_a_while() -> Callable[[], bool]:
        end = now() + 0.3
        return lambda: now() > end

    before = work(for_a_while())
    with flood(stage.server) as sender:
        during = work(lambda: sender.poll() is not None)
    after = work(for_a_while())
    assert during > 0.2 * min(before, after)
    assert stage.server.is_alive()


def test_a_flood_of_nonsense_grows_nothing(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    client = stage.client()
    with caplog.at_level(logging.WARNING):
        begin = now()
        for k in range(3000):
            client.raw(packet(f"/nowhere/{k}", 1.0))
            client.raw(k.to_bytes(4, "big") * 5)
            if k % 100 == 0:
                until(lambda: stage.server.received >= 2 * k, 0.5)  # noqa: B023
        client.send(BRIGHTNESS, 0.25)
        assert until(lambda: stage.params.target("light.brightness") == 0.25)
        logged = sum("refused" in record.message for record in caplog.records)
        assert 1 <= logged <= 2 + (now() - begin)
    assert stage.server.refused > BATCH
    assert stage.server.listeners == ()


def test_a_taken_port_is_one_clear_line(stage: Stage) -> None:
    with pytest.raises(PortTakenError) as taken:
        OscServer(Params(), port=stage.server.port)
    assert isinstance(taken.value, LivesingError)
    assert str(stage.server.port) in str(taken.value)
    assert "\n" not in str(taken.value)


@pytest.mark.parametrize(
    ("host", "port"),
    [("127.0.0.1", 65536), ("127.0.0.1", -1), ("192.0.2.1", 0), ("a\0b", 0)],
    ids=["port too high", "port too low", "no host of ours", "no name"],
)
def test_an_impossible_address_is_one_clear_line(host: str, port: int) -> None:
    with pytest.raises(OscSocketError) as impossible:
        OscServer(Params(), host, port)
    assert "\n" not in str(impossible.value)


def test_an_impossible_output_is_one_clear_line() -> None:
    with pytest.raises(OscSocketError):
        OscServer(Params(), port=0, outputs=[("127.0.0.1", 0)])


def test_closing_frees_the_port_and_ends_the_thread() -> None:
    server = OscServer(Params(), port=0)
    server.start()
    server.close()
    server.close()
    assert not server.is_alive()
    again = OscServer(Params(), port=server.port)
    again.close()  # it was never started
    assert again not in threading.enumerate()


def test_a_state_that_fails_is_logged_and_the_rest_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> dict[str, float | str]:
        raise RuntimeError("no figures today")

    with staged(state=broken) as stage:
        client = stage.subscriber()
        stage.params.set("light.brightness", 0.5, "key")
        assert client.hears(BRIGHTNESS, 0.5)
        assert until(lambda: "no figures today" in caplog.text)
        assert stage.server.is_alive()


# State out


def test_subscribing_brings_the_whole_table(stage: Stage) -> None:
    stage.params.set("light.bloom", 0.75, "preset")
    stage.params.set("show.freeze", 1, "key")
    stage.params.fire(NEXT, "key")
    client = stage.client()
    client.send("/livesing/subscribe")
    assert until(lambda: len(client.changes()) >= len(TABLE))
    table = dict(client.changes())
    assert list(table) == [address_of(param) for param in TABLE]
    for param in TABLE:
        value, wanted = table[address_of(param)], stage.params.target(param.name)
        assert value == pytest.approx(0 if param.kind == "trigger" else wanted, rel=1e-6)
        assert isinstance(value, float if param.kind == "float" else int)
    stage.settle()
    assert len(client.changes()) == len(TABLE)


def test_a_port_of_ones_own_choice(stage: Stage) -> None:
    speaks, listens = stage.client(), stage.client()
    speaks.send("/livesing/subscribe", float(listens.address[1]))
    assert listens.hears(address_of(TABLE[-1]))
    assert stage.server.listeners == (listens.address,)
    listens.forget()
    speaks.send(BRIGHTNESS, 0.5)
    stage.params.set("light.bloom", 1.0, "key")
    assert listens.hears("/livesing/light/bloom", 1.0)
    stage.settle()
    assert [address for address, _ in listens.changes()] == ["/livesing/light/bloom"]
    assert speaks.hear() == []
    speaks.send("/livesing/unsubscribe")
    assert until(lambda: stage.server.listeners == ())


def test_a_subscriber_hears_of_others_and_never_itself(stage: Stage) -> None:
    first, second = stage.subscriber(), stage.subscriber()
    far = stage.subscriber("127.0.0.2")
    first.send(BRIGHTNESS, 0.5)
    assert second.hears(BRIGHTNESS, 0.5)
    assert far.hears(BRIGHTNESS, 0.5)
    stage.settle()
    assert first.changes() == []
    far.send("/livesing/light/bloom/unit", 1.0)
    assert first.hears("/livesing/light/bloom", 1.0)
    assert second.hears("/livesing/light/bloom", 1.0)
    stage.settle()
    assert far.changes() == [(BRIGHTNESS, 0.5)]
    stage.params.set("light.contrast", 1.5, "preset:calm")
    assert all(client.hears("/livesing/light/contrast", 1.5) for client in (first, second, far))


def test_who_may_be_the_speakers_other_ear_is_not_told(stage: Stage) -> None:
    """A listener that subscribed for itself, and a second socket of, perhaps, the same program."""
    listens, far = stage.subscriber(), stage.subscriber("127.0.0.2")
    stage.client().send(BRIGHTNESS, 0.5)
    assert far.hears(BRIGHTNESS, 0.5)
    stage.settle()
    assert listens.changes() == []


def test_a_fired_trigger_lights_and_goes_out(stage: Stage) -> None:
    client, other = stage.subscriber(), stage.subscriber()
    other.send("/livesing/show/next")
    stage.settle()
    assert client.changes() == [("/livesing/show/next", 1), ("/livesing/show/next", 0)]
    assert other.changes() == []


def test_fixed_outputs_need_not_ask() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.3", 0))
        ear.settimeout(5)
        with staged(outputs=[ear.getsockname()], lease=0.1) as stage:
            heard = {OscMessage(ear.recv(65535)).address for _ in TABLE}
            assert heard == {address_of(param) for param in TABLE}
            stage.ahead += 3600
            stage.params.set("light.brightness", 0.5, "osc:127.0.0.1:1")
            assert OscMessage(ear.recv(65535)).params == [0.5]
            # What a fixed output's host says is not told it: its speaker cannot be told from it.
            stage.params.set("light.brightness", 0.75, "osc:127.0.0.3:1")
            stage.params.set("light.bloom", 1.0, "osc:127.0.0.3.evil:x")
            assert OscMessage(ear.recv(65535)).params == [1.0]


def test_the_live_state_comes_by_itself() -> None:
    figures: dict[str, float | str] = {word: place / 4 for place, word in enumerate(STATE)}
    figures |= {"hits": 7, "preset": "Nuit d'été", "fps": float("nan"), "unheard of": 1.0}
    with staged(state=lambda: figures) as stage:
        client = stage.subscriber()
        assert client.hears("/livesing/state/preset", "Nuit d'été")
        assert client.hears("/livesing/state/hits", 7)
        told = {a.rpartition("/")[2]: v for a, v in client.hear() if a.startswith("/livesing/state/")}
        expected = {word: figures[word] for word in STATE if word != "fps"}
        assert told == expected
        client.forget()
        figures["valence"] = 1.5
        assert client.hears("/livesing/state/valence", 1.5)


@pytest.mark.parametrize("band", ["all", "bass", "mid", "treble"])
def test_level_hit_time_and_presence_are_told_of_every_band(band: str) -> None:
    level, of_band = ("level", "") if band == "all" else (band, f"{band}_")
    for word in (level, f"{of_band}hit", f"{of_band}hits", f"{band}_time", f"{band}_presence"):
        assert word in STATE
        assert word in Pulse._fields


def test_nobody_is_asked_for_the_state_while_nobody_listens() -> None:
    asked: list[float] = []

    def state() -> dict[str, float | str]:
        asked.append(now())
        return {}

    with staged(state=state) as stage:
        stage.client().send(BRIGHTNESS, 0.5)
        assert until(lambda: stage.params.target("light.brightness") == 0.5)
        time.sleep(0.3)
        assert asked == []
        stage.subscriber()
        assert until(lambda: len(asked) >= 2)


def test_a_lease_runs_out_unless_the_host_is_heard_of(stage: Stage) -> None:
    near, far = stage.subscriber(), stage.subscriber("127.0.0.2")
    assert stage.server.listeners == (near.address, far.address)
    stage.ahead += 40
    stage.client("127.0.0.2").send(BRIGHTNESS, 0.5)  # another socket of the same host
    assert until(lambda: stage.params.target("light.brightness") == 0.5)
    stage.ahead += 40
    assert until(lambda: stage.server.listeners == (far.address,))
    far.send("/livesing/subscribe")
    assert far.hears(address_of(TABLE[-1]))
    stage.ahead += 59
    far.forget()
    stage.params.set("light.bloom", 1.0, "key")
    assert far.hears("/livesing/light/bloom", 1.0)
    stage.ahead += 2
    assert until(lambda: stage.server.listeners == ())


def test_there_is_room_for_so_many_and_no_more(stage: Stage) -> None:
    clients = [stage.subscriber() for _ in range(MAX_SUBSCRIBERS)]
    late = stage.client()
    late.send("/livesing/subscribe")
    assert until(lambda: stage.server.refused == 1)
    assert "subscribers" in stage.server.last_refusal
    clients[0].send("/livesing/subscribe")  # one that is there may ask again
    assert clients[0].hears(BRIGHTNESS)
    clients[3].send("/livesing/unsubscribe")
    assert until(lambda: len(stage.server.listeners) == MAX_SUBSCRIBERS - 1)
    late.send("/livesing/subscribe")
    assert late.hears(BRIGHTNESS)


def test_unsubscribing_ends_only_ones_own(stage: Stage) -> None:
    first, second = stage.subscriber(), stage.subscriber()
    stage.client("127.0.0.2").send("/livesing/unsubscribe", first.address[1])
    first.send("/livesing/unsubscribe", second.address[1])
    assert until(lambda: stage.server.listeners == (first.address,))


def test_a_subscriber_that_has_gone_harms_nobody(stage: Stage) -> None:
    gone, stays = stage.subscriber(), stage.subscriber()
    gone.socket.close()
    for step in range(1, 20):
        stage.params.set("light.brightness", step / 16, "key")
        assert stays.hears(BRIGHTNESS, step / 16)
    stage.client("127.0.0.2").send("/livesing/light/bloom", 1.0)
    assert until(lambda: stage.params.target("light.bloom") == 1.0)
    assert stage.server.is_alive()


def test_the_show_does_not_subscribe_to_itself(stage: Stage) -> None:
    stage.client().send("/livesing/subscribe", stage.server.port)
    assert until(lambda: stage.server.refused == 1)
    assert stage.server.listeners == ()


@pytest.mark.parametrize("source", ["", "key", "preset:osc", "osc", "osc:", "osc:1.2.3.4", "midi:1.2.3.4:9"])
def test_other_sources_are_nobodys_echo(source: str) -> None:
    assert sender_of(source) is None


def test_sources_name_their_sender() -> None:
    assert sender_of(source_of(("127.0.0.1", 9000))) == ("127.0.0.1", 9000)
