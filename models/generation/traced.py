"""A string that records which of its characters come from a chat template.

Only characters from the template are trusted: only they may become special tokens. The text of a request (contents,
tool results, names, arguments, schemas) is a plain `str`. String operations that are not defined here return a plain
`str` too. A plain `str` is never trusted.
"""

from collections.abc import Iterable, Iterator
from typing import Self, SupportsIndex

_TRUSTED, _PLAIN = b"\1", b"\0"


class Traced(str):
    """A string with some trusted characters. `Traced(text)` of a plain `str` has no trusted characters."""

    __slots__ = ("_trust",)
    _trust: bytes

    def __new__(cls, text: str = "", trust: bytes | None = None) -> Self:
        traced = super().__new__(cls, text)
        traced._trust = _trust_of(text) if trust is None else trust
        return traced

    def __str__(self) -> str:
        # Templates call `str` on everything that they write, so `str` must keep the trace.
        return self

    def __add__(self, other: str) -> "Traced":
        return join_texts((self, other)) if isinstance(other, str) else NotImplemented

    def __radd__(self, other: str) -> "Traced":
        return join_texts((other, self)) if isinstance(other, str) else NotImplemented

    def __mul__(self, count: SupportsIndex) -> "Traced":
        return Traced(super().__mul__(count), self._trust * count)

    __rmul__ = __mul__

    def __getitem__(self, key: SupportsIndex | slice) -> "Traced":
        if isinstance(key, slice):
            return Traced(super().__getitem__(key), self._trust[key])
        return Traced(super().__getitem__(key), bytes((self._trust[key],)))

    def __iter__(self) -> Iterator["Traced"]:
        return (self[at] for at in range(len(self)))

    def lstrip(self, characters: str | None = None, /) -> "Traced":
        return self[len(self) - len(super().lstrip(characters)) :]

    def rstrip(self, characters: str | None = None, /) -> "Traced":
        return self[: len(super().rstrip(characters))]

    def strip(self, characters: str | None = None, /) -> "Traced":
        return self.lstrip(characters).rstrip(characters)

    def removeprefix(self, prefix: str, /) -> "Traced":
        return self[len(self) - len(super().removeprefix(prefix)) :]

    def removesuffix(self, suffix: str, /) -> "Traced":
        return self[: len(super().removesuffix(suffix))]

    def split(self, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list["Traced"]:  # type: ignore[override]
        return self._located(super().split(sep, maxsplit), sep)

    def rsplit(self, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list["Traced"]:  # type: ignore[override]
        return self._located(super().rsplit(sep, maxsplit), sep)

    def splitlines(  # type: ignore[override]
        self,
        keepends: bool = False,  # noqa: FBT001, FBT002 - of str
    ) -> list["Traced"]:
        with_ends = self._located(super().splitlines(keepends=True), "")
        bare = super().splitlines()
        return with_ends if keepends else [line[: len(text)] for line, text in zip(with_ends, bare, strict=True)]

    def partition(self, sep: str, /) -> tuple["Traced", "Traced", "Traced"]:
        return self._parted(self.find(sep), len(sep)) or (self, Traced(), Traced())

    def rpartition(self, sep: str, /) -> tuple["Traced", "Traced", "Traced"]:
        return self._parted(self.rfind(sep), len(sep)) or (Traced(), Traced(), self)

    def replace(self, old: str, new: str, count: SupportsIndex = -1, /) -> "Traced":
        if not old:
            return Traced(super().replace(old, new, count))
        return Traced(new).join(self.split(old, count))

    def join(self, parts: Iterable[str], /) -> "Traced":
        separated: list[str] = []
        for part in parts:
            separated += (self, part)
        return join_texts(separated[1:])

    def upper(self) -> "Traced":
        return self._cased(super().upper())

    def lower(self) -> "Traced":
        return self._cased(super().lower())

    def capitalize(self) -> "Traced":
        return self._cased(super().capitalize())

    def title(self) -> "Traced":
        return self._cased(super().title())

    def _cased(self, text: str) -> "Traced":
        # Outside ASCII, one letter may become two letters, so the result is not trusted.
        return Traced(text, self._trust if self.isascii() else bytes(len(text)))

    def _located(self, parts: list[str], sep: str | None) -> list["Traced"]:
        """Return the parts with their trace. They are in order, separated by `sep`, or by white space if `sep` is None."""
        located: list[Traced] = []
        at = 0
        for part in parts:
            start = self.find(part, at) if sep is None else at
            located.append(self[start : start + len(part)])
            at = start + len(part) + len(sep or "")
        return located

    def _parted(self, at: int, length: int) -> tuple["Traced", "Traced", "Traced"] | None:
        return None if at < 0 else (self[:at], self[at : at + length], self[at + length :])


def trusted(text: str) -> Traced:
    """Return a string in which every character may be part of a special token."""
    return Traced(text, _TRUSTED * len(text))


def join_texts(parts: Iterable[str]) -> Traced:
    """Concatenate texts. Each text keeps its trace."""
    texts = list(parts)
    return Traced("".join(texts), b"".join(map(_trust_of, texts)))


def plain(text: str) -> str:
    """Return the same characters without a trace."""
    return str.__str__(text)


def trusted_spans(text: str) -> list[tuple[int, int]]:
    """Return the start and end of each run of trusted characters, in order."""
    spans: list[tuple[int, int]] = []
    trust = _trust_of(text)
    at = trust.find(_TRUSTED)
    while at >= 0:
        end = trust.find(_PLAIN, at)
        end = len(trust) if end < 0 else end
        spans.append((at, end))
        at = trust.find(_TRUSTED, end)
    return spans


def is_trusted(text: str, start: int, end: int) -> bool:
    """Return whether every character from `start` to `end` is trusted."""
    return _PLAIN not in _trust_of(text)[start:end]


def _trust_of(text: str) -> bytes:
    return text._trust if isinstance(text, Traced) else bytes(len(text))  # noqa: SLF001 - this module's own
