# SPDX-License-Identifier: Apache-2.0
"""How many different things were seen, in a kilobyte: exact up to two dozen, then estimated.

HyperLogLog (Flajolet et al. 2007) with 1024 registers, counted as it grows (Ting 2014): each
time a register changes, the count grows by one over the chance that it would. Standard error
0.83 / sqrt(1024) = 2.6 %. `datasketches` has the same and better, and needs NumPy, which is 73 MB
on disk and a quarter of a second at every start: more than the rest of the appliance.
"""

EXACT = 24
"Hashes kept as they are; beyond, they become registers."
BITS = 10
REGISTERS = 1 << BITS
_LOW = REGISTERS - 1
_RANKS = 64 - BITS + 1
_INVERSE = tuple(2.0**-rank for rank in range(_RANKS + 1))
_MASK = (1 << 64) - 1


def mixed(number: int, secret: int) -> int:
    """Return 64 bits in which every bit of a number counts (splitmix64), under a secret.

    Without the secret nobody can choose numbers that would be counted as one. Python's own hash of
    a tuple is faster, and not even enough: counts of it were 16 % too high.
    """
    number = (number ^ secret) & _MASK
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    number = (number ^ number >> 27) * 0x94D049BB133111EB & _MASK
    return number ^ number >> 31


def place_of(hashed: int) -> tuple[int, int]:
    """Return which register a hash belongs to, and its rank there."""
    return hashed & _LOW, _RANKS - (hashed >> BITS).bit_length()


def placed(number: int, secret: int) -> tuple[int, int, int]:
    """Return the hash of a number with its register and rank."""
    hashed = mixed(number, secret)
    return hashed, *place_of(hashed)


class Distinct:
    """Counts different hashes of 64 bits; never less after than before."""

    __slots__ = ("_count", "_few", "_registers", "_sum")

    def __init__(self) -> None:
        """Begin with none."""
        self._few: list[int] = []
        self._registers: bytearray | None = None
        self._sum = 0.0
        self._count = 0.0

    def add(self, hashed: int) -> None:
        """Note one."""
        self.note(hashed, *place_of(hashed))

    def note(self, hashed: int, at: int, rank: int) -> None:
        """Note one whose register and rank are known: the same hash goes into several sketches."""
        registers = self._registers
        if registers is None:
            few = self._few
            if hashed not in few:
                few.append(hashed)
                if len(few) > EXACT:
                    self._spread()
        elif registers[at] < rank:
            self._raise(registers, at, rank)

    def _spread(self) -> None:
        """Make registers of what was kept; its count is known exactly."""
        registers, few = bytearray(REGISTERS), self._few
        self._registers, self._few, self._sum = registers, [], float(REGISTERS)
        for hashed in few:
            at, rank = place_of(hashed)
            if registers[at] < rank:
                self._raise(registers, at, rank)
        self._count = float(len(few))

    def _raise(self, registers: bytearray, at: int, rank: int) -> None:
        self._count += REGISTERS / self._sum
        self._sum += _INVERSE[rank] - _INVERSE[registers[at]]
        registers[at] = rank

    def __len__(self) -> int:
        """Return how many different ones there were, about."""
        return len(self._few) if self._registers is None else round(self._count)
