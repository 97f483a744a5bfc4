"""Captures text that belongs to a note or a heading, not to the verse."""

import re
from collections.abc import Mapping

# USFM markers that a converter did not remove: `\nd LORD\+nd*`.
USFM_RESIDUE = re.compile(r"\\\+?[a-z]+\d*(?:\*|\s|$)")
# Elements that begin on a new line.
BLOCKS = {"p", "l", "lb", "lg", "list", "item", "row", "cell", "div", "closer", "salute", "signed"}
_SPACE = re.compile(r"\s+")


class Capture:
    """The content of one element until its end, such as a note. `at` is the element's offset in the text of the verse."""

    def __init__(self, element: str, kind: str, at: int) -> None:
        self.element, self.kind, self.at = element, kind, at
        self._depth = 1
        self._skipped_depth = 0
        self._parts: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Process the start of an inner element. If a note gives the reference of its own verse, skip that reference."""
        if name == self.element:
            self._depth += 1
        if name == "reference" and attributes.get("type") == "annotateRef":
            self._skipped_depth += 1
        elif name in BLOCKS:
            self._parts.append(" ")

    def end(self, name: str) -> bool:
        """Process the end of an element. Return True if this is the end of the captured element."""
        if name == "reference" and self._skipped_depth:
            self._skipped_depth -= 1
        elif name == self.element:
            self._depth -= 1
        return self._depth == 0

    def add(self, data: str) -> None:
        if not self._skipped_depth:
            self._parts.append(data)

    @property
    def text(self) -> str:
        """The captured text, with single spaces."""
        return _SPACE.sub(" ", USFM_RESIDUE.sub("", "".join(self._parts))).strip()
