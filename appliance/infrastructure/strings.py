"""Many strings as two arrays: a hundred thousand of them take no Python objects, and can be mapped from a file."""

import bisect
import itertools
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Integers


class Strings(msgspec.Struct, frozen=True):
    """Strings by number, from 0: number `i` is UTF-8 in `text` from `offsets[i]` to `offsets[i + 1]`."""

    text: Integers
    offsets: Integers

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> str:
        return self.encoded(number).decode()

    def __iter__(self) -> Iterator[str]:
        whole, ends = self.text.tobytes(), self.offsets.tolist()
        return (whole[start:end].decode() for start, end in itertools.pairwise(ends))

    def first_sorted(self, wanted: str) -> int:
        """Of strings in the order of their UTF-8, how many go before one."""
        return bisect.bisect_left(range(len(self)), wanted.encode(), key=self.encoded)

    def encoded(self, number: int) -> bytes:
        """A string in UTF-8."""
        return self.text[self.offsets[number] : self.offsets[number + 1]].tobytes()


class StringTable(Strings, frozen=True):
    """Strings that are also found by what they say; `order` has their numbers in the order of their UTF-8."""

    order: Integers

    def find(self, wanted: str) -> int | None:
        """The number of a string, None where the table lacks it."""
        place = self.first_from(wanted)
        if place == len(self):
            return None
        number = int(self.order[place])
        return number if self.encoded(number) == wanted.encode() else None

    def __contains__(self, wanted: object) -> bool:
        return isinstance(wanted, str) and self.find(wanted) is not None

    def first_from(self, wanted: str) -> int:
        """How many strings go before one, whether it is there or not: its place in `order`."""
        # Numbers are read twice as fast from a memoryview as from a NumPy array.
        text, offsets = self.text.data, self.offsets.data
        return bisect.bisect_left(
            self.order.data,
            wanted.encode(),
            key=lambda number: bytes(text[offsets[number] : offsets[number + 1]]),
        )


def strings(values: Iterable[str]) -> Strings:
    """Strings that are found by number only."""
    return Strings(*_joined([value.encode() for value in values]))


def string_table(values: Iterable[str]) -> StringTable:
    """Strings that are found by number and by what they say. No two are the same."""
    encoded = [value.encode() for value in values]
    order = sorted(range(len(encoded)), key=encoded.__getitem__)
    return StringTable(*_joined(encoded), np.array(order, dtype=np.int32))


def _joined(encoded: Sequence[bytes]) -> tuple[Integers, Integers]:
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(each) for each in encoded], out=offsets[1:])
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets
