"""Many strings in two arrays. So a hundred thousand strings need no Python objects, and can be mapped from a file."""

import bisect
import itertools
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Integers


class Strings(msgspec.Struct, frozen=True):
    """Strings by number, from 0. String `i` is the UTF-8 text in `text` from `offsets[i]` to `offsets[i + 1]`."""

    text: Integers
    offsets: Integers

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> str:
        return self.encoded(number).decode()

    def __iter__(self) -> Iterator[str]:
        text, offsets = self.text.tobytes(), self.offsets.tolist()
        return (text[start:end].decode() for start, end in itertools.pairwise(offsets))

    def first_sorted(self, value: str) -> int:
        """Return the number of strings that sort before `value`. The strings must be in the order of their UTF-8 bytes."""
        return bisect.bisect_left(range(len(self)), value.encode(), key=self.encoded)

    def encoded(self, number: int) -> bytes:
        """Return a string as UTF-8 bytes."""
        return self.text[self.offsets[number] : self.offsets[number + 1]].tobytes()


class StringTable(Strings, frozen=True):
    """Strings that can also be found by value. `order` has the numbers of the strings in the order of their UTF-8 bytes."""

    order: Integers

    def find(self, value: str) -> int | None:
        """Return the number of a string, or None if the table does not contain it."""
        position = self.first_from(value)
        if position == len(self):
            return None
        number = int(self.order[position])
        return number if self.encoded(number) == value.encode() else None

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and self.find(value) is not None

    def first_from(self, value: str) -> int:
        """Return the position in `order` where `value` is or would be: the number of strings that sort before it."""
        # Reading numbers from a memoryview is twice as fast as reading them from a NumPy array.
        text, offsets = self.text.data, self.offsets.data
        return bisect.bisect_left(
            self.order.data,
            value.encode(),
            key=lambda number: bytes(text[offsets[number] : offsets[number + 1]]),
        )


def strings(values: Iterable[str]) -> Strings:
    """Create strings that can be found only by number."""
    return Strings(*_joined([value.encode() for value in values]))


def string_table(values: Iterable[str]) -> StringTable:
    """Create strings that can be found by number and by value. All values must be different."""
    encoded = [value.encode() for value in values]
    order = sorted(range(len(encoded)), key=encoded.__getitem__)
    return StringTable(*_joined(encoded), np.array(order, dtype=np.int32))


def _joined(encoded: Sequence[bytes]) -> tuple[Integers, Integers]:
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(value) for value in encoded], out=offsets[1:])
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets
