"""The pieces of the beat set, in two halves.

Every row of the table has a piece for each half: of the same kind, in other tempos, with other patterns where
the groove has two, another kit, other spoilings. The half "tuning" is for developing a tracker; the half
"kept" is for the report alone. Both were fixed before the first tracker was run on them.

Tempos are those that players and DJs give for the genre: drum and bass 174, not 87; a ballad 62, not 124;
half-time genres (trap, dubstep) the tempo at which they are mixed, 140.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

HALVES = ("tuning", "kept")


@dataclass(frozen=True)
class Stretch:
    """Music of one groove.

    drift, wave, wander, rubato   see tempo_map.played_beats
    breaks      (start s, length s, kind): see arrangement.Break; cut to whole bars
    pickup      beats before the first bar line
    looseness   multiplies the spread of timing
    unplugged   without drums
    """

    groove: str
    bpm: float
    seconds: float = 30.0
    variant: int = 0
    drift: float = 0.0
    wave: float = 0.0
    wander: float = 0.0
    rubato: float = 0.0
    breaks: tuple[tuple[float, float, str], ...] = ()
    pickup: int = 0
    looseness: float = 1.0
    unplugged: bool = False


@dataclass(frozen=True)
class Piece:
    """A piece: stretches, one after the other, and what is done to their sound.

    crossfade_s   s   for which one stretch overlaps the next; the beat is that of the louder
    matched       the next stretch enters on a bar line of the one before it, as in a DJ's mix
    lead_in_s     s   before the music: silence, or the noise alone
    noise         "crowd", "hiss" or ""            snr_db   dB   music over noise
    room_s        s   decay of the room's tail
    sweep         (start s, end s) of a low-pass that closes and opens
    drive         of the limiter; over 2 is loud   ratio    of the compressor
    gain_db       dB  peak re full scale
    """

    name: str
    half: str
    stretches: tuple[Stretch, ...]
    seed: int = 0
    crossfade_s: float = 0.0
    matched: bool = False
    lead_in_s: float = 0.3
    noise: str = ""
    snr_db: float = 20.0
    room_s: float = 0.0
    sweep: tuple[float, float] | None = None
    drive: float = 1.0
    ratio: float = 1.0
    gain_db: float = -3.0


def _pieces() -> tuple[Piece, ...]:
    found: list[Piece] = []

    def both(
        name: str, tuning: Stretch | list[Stretch], kept: Stretch | list[Stretch], **spoilt: object
    ) -> None:
        """spoilt: fields of Piece; a pair (in a list) is for tuning and kept."""
        for half, stretches in zip(HALVES, (tuning, kept), strict=True):
            number = HALVES.index(half)
            fields = {
                key: value[number] if isinstance(value, list) else value for key, value in spoilt.items()
            }
            row = tuple(stretches) if isinstance(stretches, list) else (stretches,)
            seed = 1000 * (number + 1) + len(found)
            found.append(Piece(f"{name} {'ab'[number]}", half, row, seed, **fields))  # type: ignore[arg-type]

    s = Stretch
    # Machines
    both("house", s("house", 124), s("house", 120.5, variant=1), noise=["", "crowd"], snr_db=8, drive=[3, 2])
    both(
        "techno",
        s("techno", 132, breaks=((14, 7, "kick"),)),
        s("techno", 128, variant=1, breaks=((12, 8, "build"),)),
        drive=2,
    )
    both(
        "trance",
        s("trance", 138, breaks=((12, 7, "pad"),)),
        s("trance", 141, variant=1, breaks=((10, 7, "drums"),)),
        room_s=0.3,
    )
    both(
        "drum and bass",
        s("drum_and_bass", 174),
        s("drum_and_bass", 172, variant=1, breaks=((14, 5.5, "drums"),)),
    )
    both("jungle", s("jungle", 164), s("jungle", 169, variant=1), noise=["", "hiss"], snr_db=14)
    both("breakbeat", s("breakbeat", 128), s("breakbeat", 105, variant=1), lead_in_s=[0.2, 1.7])
    both("hip hop", s("hip_hop", 88), s("hip_hop", 92.5, variant=1), noise=["hiss", ""], snr_db=20)
    both("lofi", s("lofi", 72), s("lofi", 78, variant=1, looseness=1.4), noise="hiss", snr_db=16, gain_db=-12)
    both("trap", s("trap", 140), s("trap", 144, variant=1), drive=3)
    both("dubstep", s("dubstep", 140), s("dubstep", 140.5, variant=1), drive=3)
    both("garage", s("garage", 132), s("garage", 130, variant=1))
    both("dembow", s("reggaeton", 92), s("amapiano", 112, variant=1), ratio=2)
    both("hard", s("hardcore", 180), s("electro", 127, variant=1), drive=4)
    both("eighties", s("electro", 122), s("synthwave", 104, variant=1), room_s=[0.0, 0.25])
    both("sequence", s("sequence", 96), s("sequence", 84, variant=1), noise=["", "hiss"], snr_db=26)
    # Bands
    both(
        "rock", s("rock", 126, wander=0.01), s("rock", 112, variant=1, wander=0.012), room_s=0.2, ratio=[1, 2]
    )
    both("punk", s("punk", 168, wander=0.01), s("punk", 175, variant=1, wander=0.01), drive=3)
    both("metal", s("metal", 140), s("metal", 152, variant=1), drive=[3, 2])
    both(
        "rock ballad",
        s("rock_ballad", 66, wander=0.01, breaks=((0, 7, "drums"),)),
        s("rock_ballad", 73, variant=1, wander=0.01),
        room_s=0.3,
    )
    both("funk", s("funk", 102, wander=0.008), s("funk", 108, variant=1, wander=0.01))
    both("reggae", s("reggae", 76, wander=0.008), s("reggae", 72, variant=1, wander=0.01))
    both("shuffle", s("shuffle", 112, wander=0.01), s("shuffle", 130, variant=1, wander=0.012))
    both("slow triplets", s("twelve_eight", 66, wander=0.012), s("six_eight", 78, variant=1, wander=0.012))
    # Jazz, Latin, Africa, dances
    both("swing", s("swing", 150, wander=0.01), s("swing", 176, variant=1, wander=0.012), room_s=0.2)
    both("bossa", s("bossa", 132, wander=0.008), s("bossa", 140, variant=1, wander=0.01))
    both("clave", s("salsa", 96, wander=0.008), s("salsa", 101, variant=1, wander=0.008))
    both("bells", s("afrobeat", 112, wander=0.008), s("samba", 104, variant=1, wander=0.008))
    both(
        "waltz",
        s("waltz", 120, variant=1, wander=0.01),
        s("waltz", 160, variant=4, wander=0.012, rubato=0.02),
    )
    both("jazz waltz, march", s("jazz_waltz", 140, wander=0.01), s("march", 114, wander=0.008))
    # Quiet
    both(
        "piano ballad",
        s("piano_ballad", 62, rubato=0.04, wander=0.01),
        s("piano_ballad", 67, variant=1, rubato=0.05, wander=0.01),
        room_s=0.4,
        gain_db=-14,
    )
    both("guitar", s("folk", 100, wander=0.012), s("fingerpicking", 86, variant=1, wander=0.012), gain_db=-10)
    both(
        "orchestra",
        s("orchestra", 112, wander=0.02, rubato=0.02),
        s("string_waltz", 150, variant=1, wander=0.015, rubato=0.03),
        room_s=0.5,
    )
    both("country, celesta", s("train", 104, wander=0.008), s("celesta", 104, wander=0.015))
    # What a night does to them
    both(
        "change of track",
        [s("house", 124, 16), s("drum_and_bass", 174, 20)],
        [s("hip_hop", 90, 16, variant=1), s("techno", 130, 20, variant=1)],
    )
    both(
        "three tracks",
        [s("rock", 132, 13), s("trap", 140, 13, variant=1), s("disco", 116, 14)],
        [s("house", 122, 13, variant=1), s("hip_hop", 86, 13), s("drum_and_bass", 174, 14, variant=1)],
    )
    both(
        "matched mix",
        [s("house", 126, 20), s("techno", 126, 20)],
        [s("techno", 135, 20, variant=1), s("trance", 135, 20)],
        crossfade_s=8.0,
        matched=True,
    )
    both(
        "mix",
        [s("disco", 116, 18), s("electro", 128, 20)],
        [s("rock", 138, 18, variant=1), s("reggae", 74, 20)],
        crossfade_s=3.0,
    )
    both("drift", s("techno", 124, drift=0.08), s("rock", 124, variant=1, drift=-0.08))
    both("swell", s("funk", 104, wave=0.03), s("disco", 116, variant=1, wave=0.03))
    both(
        "odd intro",
        s("house", 123, variant=1, breaks=((0, 8, "pad"),)),
        s("rock", 118, pickup=3, breaks=((0, 6, "drums"),)),
        lead_in_s=[1.3, 4.0],
        noise=["", "crowd"],
        snr_db=10,
    )
    both(
        "silence within",
        s("breakbeat", 122, variant=1, breaks=((15, 4, "all"),)),
        s("electro", 126, breaks=((13, 4, "all"), (22, 2, "all"))),
    )
    both("filter", s("house", 125), s("techno", 131), sweep=(9.0, 23.0), drive=2)
    both("hall", s("rock", 120), s("disco", 120), noise="crowd", snr_db=[3, 4], room_s=0.5)
    both("five", s("five", 168, wander=0.008), s("five", 126, variant=1, wander=0.008))
    both(
        "half time",
        [s("rock", 138, 15), s("half_time", 138, 15, wander=0.005)],
        [s("half_time", 126, 15, variant=1), s("rock", 126, 15, variant=1)],
    )
    both("solo", s("solo", 90, wander=0.008), s("solo", 112, variant=1, wander=0.01), room_s=0.3)
    both("sparse", s("sparse", 70), s("sparse", 84, variant=1), room_s=0.6, noise="hiss", snr_db=22)
    both("accelerando", s("folk", 96, drift=0.25), s("waltz", 140, variant=4, drift=0.2))
    return tuple(found)


PIECES: tuple[Piece, ...] = _pieces()


def reseeded(piece: Piece, seed: int) -> Piece:
    """The same piece with other sounds, notes and timing; seed 0 is the set itself."""
    return piece if seed == 0 else replace(piece, seed=piece.seed + 100_000 * seed)
