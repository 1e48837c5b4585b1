"""A source of sound that a test writes to."""

from livesing.ring import Ring


class Wire:
    """A source that a test writes to."""

    name, overflows = "wire", 0

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.ring = Ring(channels=1)

    def alive(self, now: float) -> bool:
        return True

    def close(self) -> None:
        pass
