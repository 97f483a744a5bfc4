"""Text on its way to a note or a heading instead of the verse."""

import re
from collections.abc import Mapping

# USFM that a converter left behind: `\nd LORD\+nd*`.
USFM_RESIDUE = re.compile(r"\\\+?[a-z]+\d*(?:\*|\s|$)")
# Elements that begin on a line of their own.
BLOCKS = {"p", "l", "lb", "lg", "list", "item", "row", "cell", "div", "closer", "salute", "signed"}
_SPACE = re.compile(r"\s+")


class Capture:
    """The content of one element, such as a note at `at` of the verse's text, until the element ends."""

    def __init__(self, element: str, kind: str, at: int) -> None:
        self.element, self.kind, self.at = element, kind, at
        self._depth = 1
        self._skipping = 0
        self._parts: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element within begins. What a note says of the verse that it is on is left out."""
        if name == self.element:
            self._depth += 1
        if name == "reference" and attributes.get("type") == "annotateRef":
            self._skipping += 1
        elif name in BLOCKS:
            self._parts.append(" ")

    def end(self, name: str) -> bool:
        """An element ends. True where it is the captured one."""
        if name == "reference" and self._skipping:
            self._skipping -= 1
        elif name == self.element:
            self._depth -= 1
        return self._depth == 0

    def add(self, data: str) -> None:
        if not self._skipping:
            self._parts.append(data)

    @property
    def text(self) -> str:
        """What was captured, with single spaces."""
        return _SPACE.sub(" ", USFM_RESIDUE.sub("", "".join(self._parts))).strip()
