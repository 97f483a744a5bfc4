"""Divisions of a document that are not scripture, such as its introduction. Their content is not read."""

from collections.abc import Mapping

_KINDS = {"front", "introduction", "glossary", "back", "concordance", "index", "gazetteer", "map"}


class Apparatus:
    """Keeps count of such divisions, as elements or as milestones; `depth` is how many are open."""

    def __init__(self) -> None:
        self.depth = 0
        # Of each division that is an element, whether it is apparatus.
        self._divisions: list[bool] = []

    def enter(self, attributes: Mapping[str, str]) -> bool:
        """A division begins, or a milestone marks its end. True for apparatus."""
        kind = attributes.get("type", "")
        is_apparatus = kind in _KINDS
        if "eID" in attributes:
            self.depth -= is_apparatus and self.depth > 0
        else:
            if kind == "book":
                self.depth = 0
            self.depth += is_apparatus
            if "sID" not in attributes:
                self._divisions.append(is_apparatus)
        return is_apparatus

    def leave(self) -> None:
        """The innermost division that is an element ends."""
        if self._divisions and self._divisions.pop():
            self.depth -= 1
